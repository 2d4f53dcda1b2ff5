"""The file of a SQLite database: private from the first byte on, and never gone unnoticed.

SQLite goes on writing into a file that was deleted or moved away, and everything is lost with the
last connection. A connection that is taken to work with is therefore held against the file that
has the name now. Where there is none, everything fails until it is back, and no new, empty one is
made in its place. Where there is another one, everything fails, too: what was written last still
lies in the log beside it (``-wal``), which SQLite would mix into the other file.
"""

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import DisconnectionError

from storage.private import close_to_others, make_private_file
from storage.swap import finish_swap

_BESIDE = ("-wal", "-shm")


class DatabaseFileGone(sqlite3.OperationalError):
    """The file was there, and is not any more, or is another; the message says what to do."""


class SqliteFile:
    """Which file a database's connections have open.

    Args:
        path: where it is, or will be.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._first: tuple[int, int] | None = None

    def watch(self, engine: Engine) -> None:
        """Hold every connection of ``engine`` against the file."""
        event.listen(engine, "do_connect", self._before_connect)
        event.listen(engine, "checkout", self._compare)

    def _before_connect(self, *_: Any) -> None:
        if self._first is None:
            # A restore that was cut short is carried through before anything is opened.
            finish_swap(self._path.parent)
            # SQLite gives its files beside it the rights of this one.
            if not self._path.exists():
                make_private_file(self._path)
            beside = (self._path.with_name(self._path.name + end) for end in _BESIDE)
            close_to_others(self._path, *beside)
            self._first = self._identity()
            return
        now = self._identity()
        if now == self._first:
            return
        what = "is gone" if now is None else "was replaced by another while Peoria was running"
        raise DatabaseFileGone(
            f"the database file {self._path} {what}, and nothing is stored until it is back. Stop"
            " Peoria, put the file back or bring a backup back with `main.py restore`, and start"
            " again"
        )

    def _compare(self, *_: Any) -> None:
        if self._identity() != self._first:
            # The pool closes this connection and asks for a new one, which is refused above.
            raise DisconnectionError(f"{self._path} is not the file that is open")

    def _identity(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return None
        return found.st_dev, found.st_ino
