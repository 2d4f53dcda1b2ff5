"""A message becomes a post, and a prediction a message."""
