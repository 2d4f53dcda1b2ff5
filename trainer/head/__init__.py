"""The head: encodings, linear part, network, calibration."""
