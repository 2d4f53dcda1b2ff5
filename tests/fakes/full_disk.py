"""Errors as a full disk gives them."""

import sqlite3
from contextlib import closing


def full_database() -> sqlite3.OperationalError:
    """What SQLite says when it has no room."""
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("PRAGMA max_page_count = 1")
        try:
            database.execute("CREATE TABLE t (x)")
        except sqlite3.OperationalError as error:
            return error
    raise AssertionError("there was room")
