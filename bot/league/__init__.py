"""Who guessed, what it earns, and who leads."""
