"""Batches of images on a Ray cluster (extra `ray`); nothing here is imported without an address."""
