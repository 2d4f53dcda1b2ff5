"""What predicts: image decoding, the backbone, the head and the registry of model versions."""
