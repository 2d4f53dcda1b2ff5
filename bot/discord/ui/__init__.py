"""Buttons, errors and messages that people meet."""
