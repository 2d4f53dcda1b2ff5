"""Captions for a picture, ranked by what plays in a community, and drawn."""
