"""What people can ask for on Discord: one file a feature."""
