"""What an operator does: doctor, backup, clean-up, import."""
