"""Whole transactions on a thread: one turn of it for all their statements.

A statement of an `AsyncSession` on SQLite is handed to a thread and waited for. Waking a thread,
and being woken by it, costs several times what a statement costs that finds its row by a key. What
reads and writes a few such rows is handed over as a whole instead.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from sqlalchemy import Engine
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

T = TypeVar("T")

#: Transactions that may be under way at the same time.
THREADS = 3


class SessionInOneGo(AsyncSession):
    """A session for functions that take an `AsyncSession`: what they ask for is done at once."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(sync_session_class=lambda **_: Session(engine, expire_on_commit=False))  # type: ignore[arg-type]

    async def execute(self, *args: Any, **options: Any) -> Any:
        return self.sync_session.execute(*args, **options)

    async def scalar(self, *args: Any, **options: Any) -> Any:
        return self.sync_session.scalar(*args, **options)

    async def scalars(self, *args: Any, **options: Any) -> Any:
        return self.sync_session.scalars(*args, **options)

    async def get(self, *args: Any, **options: Any) -> Any:
        return self.sync_session.get(*args, **options)

    async def get_one(self, *args: Any, **options: Any) -> Any:
        return self.sync_session.get_one(*args, **options)

    async def flush(self, *args: Any, **options: Any) -> None:
        self.sync_session.flush(*args, **options)


class OneGo:
    """Threads on which transactions run as a whole, each on a connection of its own."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="database")

    async def run(
        self, work: Callable[[AsyncSession], Awaitable[T]], options: dict[str, Any], *, keep: bool
    ) -> T:
        """Run ``work`` in a transaction, which ends with it even if nobody waits any more.

        Args:
            work: waits for nothing but its session.
            options: execution options of the transaction.
            keep: whether what it wrote is kept.
        """
        engine = self._engine.execution_options(**options)
        under_way = asyncio.get_running_loop().run_in_executor(
            self._threads, _transact, engine, work, keep
        )
        try:
            return await asyncio.shield(under_way)
        except asyncio.CancelledError:
            await asyncio.wait({under_way})
            raise

    async def close(self) -> None:
        """Let the threads go, and close their connections."""
        await asyncio.to_thread(self._threads.shutdown)
        self._engine.dispose()


def _transact(engine: Engine, work: Callable[[AsyncSession], Awaitable[T]], keep: bool) -> T:
    session = SessionInOneGo(engine)
    with session.sync_session as sync:
        done = _drive(work(session))
        if keep:
            sync.commit()
        return done


def _drive(work: Awaitable[T]) -> T:
    """What a coroutine returns that waits for nothing.

    Raises:
        RuntimeError: it wanted to wait.
    """
    assert isinstance(work, Coroutine)  # noqa: S101 - what calling an async function gives
    try:
        work.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    work.close()
    raise RuntimeError("A transaction in one go may wait for nothing but its session.")
