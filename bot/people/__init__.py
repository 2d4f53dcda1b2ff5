"""Identity, consent, export and erasure of people."""
