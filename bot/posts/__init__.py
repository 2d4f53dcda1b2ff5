"""A post from its arrival to its reply."""
