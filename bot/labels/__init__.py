"""A score becomes a label."""
