"""What makes models. The only package that imports TensorFlow."""
