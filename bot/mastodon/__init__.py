"""Mastodon, and what speaks its API: one account on one server, and what is done with it."""
