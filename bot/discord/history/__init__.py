"""What was posted in a channel before it was watched, imported on request."""
