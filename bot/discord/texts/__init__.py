"""Every text that Discord shows."""
