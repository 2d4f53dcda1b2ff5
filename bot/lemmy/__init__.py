"""Lemmy as a platform: one account on one instance, and what is done with it."""
