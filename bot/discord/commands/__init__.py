"""Slash commands and menu entries: one file a feature."""
