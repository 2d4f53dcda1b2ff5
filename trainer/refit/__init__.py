"""The child process that makes a model version."""
