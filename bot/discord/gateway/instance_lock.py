"""One bot at a time on one database: a second one would answer everything twice.

The operating system or the database server releases the lock when its holder dies, so that
a bot that was killed can be started again at once.
"""

import asyncio
import hashlib
import re
import sqlite3
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack, closing, contextmanager
from pathlib import Path

from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.platform import PlatformRefused
from bot.runtime.shards import Shards
from storage.engine.database import Database

_TAKEN = (
    "Another Peoria runs on Discord with this database{which}, and two would answer everything"
    " twice. Stop the other one; to share the work, give each its own shards, as in"
    " main.py run --shards 0-3/8 and main.py run --shards 4-7/8."
)


class InstanceLock:
    """The right to be the bot of one database: all of it, or some of its shards.

    Args:
        database: the one.
        shards: those that this process serves; None: all.
    """

    def __init__(self, database: Database, shards: Shards | None) -> None:
        self._database = database
        self._shards = shards
        self._held = AsyncExitStack()
        self._connection: AsyncConnection | None = None

    async def take(self) -> None:
        """Take it for as long as this process lives, or until `release`.

        Raises:
            PlatformRefused: somebody else has it.
        """
        async with AsyncExitStack() as stack:
            if self._database.engine.dialect.name == "sqlite":
                path = Path(make_url(self._database.url).database or "")
                for name, alone in self._names():
                    file = path.with_name(f"{path.name}.{name}.lock")
                    await asyncio.to_thread(stack.enter_context, _locked(file, alone=alone))
            else:
                connection = await stack.enter_async_context(self._database.engine.connect())
                # Given back to the pool it would stay open, and keep its locks.
                stack.push_async_callback(connection.invalidate)
                for name, alone in self._names():
                    await _lock_on_server(connection, name, alone=alone)
                self._connection = connection
            self._held = stack.pop_all()

    async def release(self) -> None:
        """Let others have it."""
        self._connection = None
        await self._held.aclose()

    async def is_held(self) -> bool:
        """Whether it is still ours: a database server takes it away with a lost connection."""
        if self._connection is None:
            return True
        try:
            await self._connection.execute(text("SELECT 1"))
            await self._connection.commit()
        except DBAPIError:
            return False
        return True

    def _names(self) -> Iterator[tuple[str, bool]]:
        """What to lock, and whether alone: who has shards shares the whole, and locks each."""
        yield "discord", self._shards is None
        if self._shards is not None:
            for number in self._shards.ids:
                yield f"discord-{number}-of-{self._shards.count}", True


async def _lock_on_server(connection: AsyncConnection, name: str, *, alone: bool) -> None:
    key = int.from_bytes(hashlib.sha256(f"peoria {name}".encode()).digest()[:8], signed=True)
    function = "pg_try_advisory_lock" if alone else "pg_try_advisory_lock_shared"
    taken = await connection.scalar(text(f"SELECT {function}(:key)"), {"key": key})
    # The lock belongs to the connection; no transaction may stay open with it.
    await connection.commit()
    if not taken:
        raise PlatformRefused(_taken(name))


@contextmanager
def _locked(file: Path, *, alone: bool) -> Iterator[None]:
    # SQLite's own locks on a file of its own: they work alike on every operating system.
    with ExitStack() as stack:
        connection = sqlite3.connect(file, timeout=0, isolation_level=None, check_same_thread=False)
        stack.enter_context(closing(connection))
        try:
            if alone:
                connection.execute("BEGIN EXCLUSIVE")
            else:
                connection.execute("BEGIN")
                connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.OperationalError as error:
            raise PlatformRefused(_taken(file.name)) from error
        yield


def _taken(name: str) -> str:
    shard = re.search(r"(\d+)-of-(\d+)", name)
    return _TAKEN.format(which=f" (shard {shard[1]} of {shard[2]})" if shard else "")
