"""One database: its engine, its read sessions and its write sessions."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import (
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.pool import ConnectionPoolEntry

from storage.engine.guard import check_guards, checked, guards
from storage.engine.postgresql import (
    READ_OPTIONS,
    TRIES,
    WRITE_OPTIONS,
    PostgresqlWriters,
    is_to_repeat,
    mark_ended_connections,
    take_all_for_long,
    take_scopes,
)
from storage.engine.postgresql_options import PostgresqlOptions
from storage.engine.scopes import BESIDE_ALL, EVERYTHING, Scopes
from storage.engine.sqlite_file import SqliteFile
from storage.engine.transaction import TransactionThreads, Work

T = TypeVar("T")

_WRITE: dict[str, Any] = {"peoria_write": True}

#: How long a writer waits for another one before it gives up.
BUSY_TIMEOUT_MS = 30_000
#: How long to wait before a lock that SQLite does not wait for is asked for again, seconds.
_LOCK_SECONDS = 0.01


class Database:
    """The way to everything that is stored.

    Readers and writers are told apart because SQLite needs it: a transaction that starts as a
    read and then writes fails at once with "database is locked", whatever the busy timeout.
    Writers therefore open with ``BEGIN IMMEDIATE`` and wait their turn. On PostgreSQL they write
    side by side, but for what each says that it goes by (`storage.engine.scopes`).

    Keep sessions short: none may be held across network traffic or inference. A write under a guard
    (`storage.engine.guard`) checks it first.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        if make_url(url).get_backend_name() == "sqlite":
            path = make_url(url).database
            if path is None or path == ":memory:":
                raise ValueError("Peoria needs a database file; an in-memory one cannot be shared.")
            Path(path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = SqliteFile(Path(path))
            self.engine = create_async_engine(url, connect_args={"factory": _EndsItsTransaction})
            plain = create_engine(make_url(url).set(drivername="sqlite+pysqlite"))
            for engine in (self.engine.sync_engine, plain):
                file.watch(engine)
                _apply_sqlite_rules(engine)
            self._threads: TransactionThreads | None = TransactionThreads(
                plain, plain.execution_options(**_WRITE)
            )
            self._writers: PostgresqlWriters | None = None
            reading, writing = {}, _WRITE
            self._of_its_own = self.engine
        else:
            options, bare = PostgresqlOptions.from_url(make_url(url))
            arguments = options.engine_arguments()
            self.engine = create_async_engine(bare, **arguments)
            # However many read for long: what keeps the process alive waits for no connection.
            self._of_its_own = create_async_engine(bare, **arguments | {"pool_size": 1})
            for each in (self.engine, self._of_its_own):
                mark_ended_connections(each.sync_engine)
            self._threads = None
            self._writers = PostgresqlWriters(options.writers)
            reading, writing = READ_OPTIONS, WRITE_OPTIONS
        # SQLite has one writer at a time and lets those who wait try again in no order: of many,
        # some wait until they give up. In this process they take turns instead.
        self._turn = asyncio.Lock()
        self._read = async_sessionmaker(
            self.engine.execution_options(**reading), expire_on_commit=False
        )
        self._write, self._write_beside = (
            async_sessionmaker(each.execution_options(**writing), expire_on_commit=False)
            for each in (self.engine, self._of_its_own)
        )

    @property
    def takes_turns(self) -> bool:
        """Whether writers write one after another, whatever they are alone in: so on SQLite."""
        return self._writers is None

    async def run_read(self, work: Work[T]) -> T:
        """Return what ``work`` returns, called with a plain session; nothing it writes is kept.

        ``work`` is a function of a `sqlalchemy.orm.Session`. It runs on a thread on SQLite, where
        this costs much less than `read` with a few short statements, and by
        `AsyncSession.run_sync` on PostgreSQL.
        """
        if self._threads is not None:
            return await self._threads.read(work)
        try:
            async with self.read() as session:
                return await session.run_sync(work)
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
        # The server ended the connection while nobody used it: all others are new now.
        async with self.read() as session:
            return await session.run_sync(work)

    async def run_write(self, work: Work[T], *, alone_in: Scopes = EVERYTHING) -> T:
        """The same in one write transaction: committed at the end, rolled back on any exception.

        On SQLite several waiting works share one commit; each is kept or rolled back by itself.
        A task that is cancelled while its work runs does not learn whether it was kept.

        ``work`` may be called again, after what it wrote was rolled back: on SQLite where one fails
        that shares its commit, on PostgreSQL where its transaction is in the way of others. So it
        changes nothing but what its session writes, and adds no object that it did not make itself.

        Args:
            work: what is done.
            alone_in: what nobody else writes in meanwhile (`storage.engine.scopes`).
        """
        if self._threads is not None:
            return await self._threads.write(checked(work), self._turn)
        for left in reversed(range(TRIES)):
            try:
                async with self.write(alone_in=alone_in) as session:
                    return await session.run_sync(work)
            except DBAPIError as error:
                if not left or not is_to_repeat(error):
                    raise
        raise AssertionError("the last try returns or raises")

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """A session on one consistent view of the data; nothing written in it is kept."""
        async with self._read() as session:
            yield session

    @asynccontextmanager
    async def write(self, *, alone_in: Scopes = EVERYTHING) -> AsyncIterator[AsyncSession]:
        """A session in one transaction: committed at the end, rolled back on any exception.

        Args:
            alone_in: what nobody else writes in meanwhile (`storage.engine.scopes`).
        """
        if self._writers is None:
            async with self._turn, self._write.begin() as session:
                await _check_guards(session)
                yield session
            return
        async with self._writers.turn(alone_in), AsyncExitStack() as stack:
            try:
                session = await stack.enter_async_context(self._open(alone_in))
            except DBAPIError as error:
                if not error.connection_invalidated:
                    raise
                # As in `run_read`.
                session = await stack.enter_async_context(self._open(alone_in))
            await _check_guards(session)
            yield session

    @asynccontextmanager
    async def _open(self, alone_in: Scopes) -> AsyncIterator[AsyncSession]:
        sessions = self._write_beside if alone_in == BESIDE_ALL else self._write
        async with sessions.begin() as session:
            await take_scopes(session, alone_in)
            yield session

    async def change_schema(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` in one write transaction in which tables may be dropped and rebuilt.

        SQLite cannot change a table's constraints in place. A table is copied then, and the old one
        is dropped; with foreign keys enforced that would fail, or delete the rows that point at it.
        They are not enforced during the transaction, but checked before it is committed.

        Raises:
            IntegrityError: rows point at something that is not there; nothing was changed.
        """
        if self._threads is not None:
            async with self._turn:
                return await self._threads.call(partial(_change_schema, work))
        assert self._writers is not None  # noqa: S101 - one of the two is there
        async with self._writers.turn(EVERYTHING), self._write.begin() as session:
            await take_all_for_long(session)
            return await (await session.connection()).run_sync(work)

    async def close(self) -> None:
        """Close every connection. The database can be opened again with a new object."""
        if self._threads is not None:
            await self._threads.close()
        for each in (self.engine, self._of_its_own):
            await each.dispose()


class _EndsItsTransaction(sqlite3.Connection):
    """A connection whose transaction ends when it is closed.

    A task that is cancelled within a transaction leaves a statement in its traceback. SQLite closes
    a connection only when its last statement is gone, and until then nobody else could write.
    """

    _is_open = True

    def close(self) -> None:
        if self._is_open and self.in_transaction:
            self.rollback()
        self._is_open = False
        super().close()


async def _check_guards(session: AsyncSession) -> None:
    if guards():
        await session.run_sync(check_guards)


def _use_write_ahead_log(cursor: DBAPICursor) -> None:
    """Switch the file to write-ahead logging; it stays so.

    Only the first start of all does anything here. When two of them come at once, SQLite does not
    let one wait for the other, whatever the busy timeout.
    """
    until = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            # The driver's own errors have no code; what is above the last byte says which lock.
            code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
            if code & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(_LOCK_SECONDS)
        else:
            return


def _change_schema(work: Callable[[Connection], T], engine: Engine) -> T:
    with engine.connect() as connection:
        # Inside a transaction this pragma does nothing, so it is set before the transaction begins.
        driver = connection.connection.cursor()
        driver.execute("PRAGMA foreign_keys = OFF")
        try:
            with connection.begin():
                result = work(connection)
                broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
                if broken:
                    raise sqlite3.IntegrityError(
                        f"{len(broken)} rows would point at nothing, the first one in the table"
                        f" {broken[0][0]!r}."
                    )
            return result
        finally:
            driver.execute("PRAGMA foreign_keys = ON")
            driver.close()


def _apply_sqlite_rules(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def set_pragmas(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        # The driver's own transaction control would open transactions behind our back.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        _use_write_ahead_log(cursor)
        cursor.execute("PRAGMA synchronous = NORMAL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        write = connection.get_execution_options().get("peoria_write")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
