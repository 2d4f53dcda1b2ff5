"""SQLite's driver, with one turn of its thread for each statement instead of four.

aiosqlite runs every call on the connection's thread, and SQLAlchemy makes four of a statement:
open a cursor, execute, fetch, close. Between two threads that have Python to run, each call costs
more than the statement itself. Here the four are one call, which also opens the transaction where
the statement is its first.
"""

import sqlite3
from collections import deque
from collections.abc import Sequence
from functools import partial
from typing import Any

import aiosqlite
from sqlalchemy.dialects.sqlite.aiosqlite import (
    AsyncAdapt_aiosqlite_connection,
    AsyncAdapt_aiosqlite_cursor,
    AsyncAdapt_aiosqlite_dbapi,
)
from sqlalchemy.util.concurrency import await_


class Cursor(AsyncAdapt_aiosqlite_cursor):
    """A statement and its rows, which are all there when it has been executed."""

    __slots__ = ("_description", "_last_row_id", "_row_count")

    def __init__(self, adapt_connection: "Connection") -> None:
        self._adapt_connection = adapt_connection
        self._connection = adapt_connection._connection  # noqa: SLF001 - how adapters are made
        self._rows = deque()
        self._description: Any = None
        self._row_count = -1
        self._last_row_id = 0

    @property
    def description(self) -> Any:
        """The columns; None where there are none."""
        return self._description

    @property
    def rowcount(self) -> int:
        """Rows that were changed."""
        return self._row_count

    @property
    def lastrowid(self) -> int:
        """Key of the row that was inserted last."""
        return self._last_row_id

    async def _execute_async(self, operation: Any, parameters: Any) -> None:
        await self._run(operation, () if parameters is None else parameters, many=False)

    async def _executemany_async(self, operation: Any, seq_of_parameters: Any) -> None:
        await self._run(operation, seq_of_parameters, many=True)

    async def _run(self, statement: str, parameters: Any, *, many: bool) -> None:
        adapter = self._adapt_connection
        assert isinstance(adapter, Connection)  # noqa: S101 - what makes these cursors
        begin, adapter.begin_with = adapter.begin_with, None
        call = partial(_in_one_turn, self._connection._conn, begin, statement, parameters, many)  # noqa: SLF001
        async with adapter._execute_mutex:  # noqa: SLF001
            done = await self._connection._execute(call)  # noqa: SLF001 - its thread has no other door
        self._description, rows, self._row_count, self._last_row_id = done
        self._rows = deque(rows)

    async def _async_soft_close(self) -> None:
        """Nothing is open."""

    def close(self) -> None:
        """Let go of the rows."""
        self._rows.clear()


def _in_one_turn(
    connection: sqlite3.Connection, begin: str | None, statement: str, parameters: Any, many: bool
) -> tuple[Any, Sequence[Any], int, int]:
    """Everything about one statement, on the connection's thread."""
    if begin is not None:
        connection.execute(begin)
    run = connection.executemany if many else connection.execute
    cursor = run(statement, parameters)
    try:
        rows = cursor.fetchall() if cursor.description else ()
        return cursor.description, rows, cursor.rowcount, cursor.lastrowid or 0
    finally:
        cursor.close()


class Connection(AsyncAdapt_aiosqlite_connection):
    """A connection whose transaction opens with its first statement."""

    __slots__ = ("begin_with",)
    _cursor_cls = Cursor  # type: ignore[assignment]

    def __init__(self, dbapi: Any, connection: aiosqlite.Connection) -> None:
        super().__init__(dbapi, connection)  # type: ignore[arg-type]
        #: What is to come before the next statement: ``BEGIN`` or ``BEGIN IMMEDIATE``.
        self.begin_with: str | None = None

    def cursor(self, server_side: bool = False) -> Any:
        """A statement to be executed; ``server_side``: its rows are fetched as they are read."""
        if server_side and self.begin_with is not None:
            # The cursor of a stream knows nothing of this.
            begin, self.begin_with = self.begin_with, None
            self.execute(begin)
        return super().cursor(server_side)

    def rollback(self) -> None:
        """Take the transaction back, if one was opened."""
        if self._is_open():
            super().rollback()

    def commit(self) -> None:
        """Keep what the transaction did, if one was opened."""
        if self._is_open():
            super().commit()

    def _is_open(self) -> bool:
        never_began, self.begin_with = self.begin_with is not None, None
        return not never_began


class Driver(AsyncAdapt_aiosqlite_dbapi):
    """The module that SQLAlchemy takes for the driver: ``create_async_engine(module=Driver())``."""

    def __init__(self) -> None:
        super().__init__(aiosqlite, sqlite3)

    def connect(self, *args: Any, **options: Any) -> Connection:
        """Open a connection, and its thread."""
        connection = aiosqlite.connect(*args, **options)
        # One that was never closed does not keep the process from ending.
        connection._thread.daemon = True  # noqa: SLF001
        return Connection(self, await_(connection))
