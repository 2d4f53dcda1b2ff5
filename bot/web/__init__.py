"""The local board: a community on 127.0.0.1 that needs no account anywhere."""
