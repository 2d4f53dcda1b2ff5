"""SQL by subject."""
