"""Listeners for Discord's events, and loops that follow from them: one file a feature."""
