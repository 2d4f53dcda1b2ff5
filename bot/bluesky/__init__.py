"""Bluesky as a platform: one account, and what is done with it."""
