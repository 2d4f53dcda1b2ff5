"""What commands and listeners share: buttons, answers, errors, limits, names."""
