"""One database: its engine, its read sessions and its write sessions."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from pathlib import Path

from sqlalchemy import Connection, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.pool import ConnectionPoolEntry

from storage.sqlite_driver import Connection as DriverConnection
from storage.sqlite_driver import Driver

#: How long a writer waits for another one before it gives up.
BUSY_TIMEOUT_MS = 30_000


class Database:
    """The way to everything that is stored.

    Readers and writers are told apart because SQLite needs it: a transaction that starts as a
    read and then writes fails at once with "database is locked", whatever the busy timeout.
    Writers therefore open with ``BEGIN IMMEDIATE`` and wait their turn.

    Keep sessions short: none may be held across network traffic or inference.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        if make_url(url).get_backend_name() == "sqlite":
            path = make_url(url).database
            if path is None or path == ":memory:":
                raise ValueError("Peoria needs a database file; an in-memory one cannot be shared.")
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            self.engine = create_async_engine(url, module=Driver())
            _apply_sqlite_rules(self.engine)
        else:
            self.engine = create_async_engine(url)
        # SQLite has one writer at a time and lets those who wait try again in no order: of many,
        # some wait until they give up. In this process they take turns instead.
        self._turn: AbstractAsyncContextManager[None] = nullcontext()
        if self.engine.dialect.name == "sqlite":
            self._turn = asyncio.Lock()
        self._read = async_sessionmaker(self.engine, expire_on_commit=False)
        self._write = async_sessionmaker(
            self.engine.execution_options(peoria_write=True), expire_on_commit=False
        )

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """A session on one consistent view of the data; nothing written in it is kept."""
        async with self._read() as session:
            yield session

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """A session in one transaction: committed at the end, rolled back on any exception."""
        async with self._turn, self._write.begin() as session:
            yield session

    async def close(self) -> None:
        """Close every connection. The database can be opened again with a new object."""
        await self.engine.dispose()


def _apply_sqlite_rules(engine: AsyncEngine) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def set_pragmas(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        # The driver's own transaction control would open transactions behind our back.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = NORMAL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        write = connection.get_execution_options().get("peoria_write")
        driver = connection.connection.dbapi_connection
        assert isinstance(driver, DriverConnection)  # noqa: S101 - what our driver opens
        driver.begin_with = "BEGIN IMMEDIATE" if write else "BEGIN"
