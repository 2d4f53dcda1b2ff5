"""Making the networks behind a picture's attributes."""
