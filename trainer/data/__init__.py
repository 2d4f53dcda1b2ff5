"""Labelled posts as arrays: from the database and from files."""
