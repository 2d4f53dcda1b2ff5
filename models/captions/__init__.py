"""Captions for pictures: what writes, judges and draws them. Serves without TensorFlow."""
