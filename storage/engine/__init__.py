"""Connections, transactions and migrations."""
