"""Whole transactions on a thread: one turn of it for all their statements.

A statement of an `AsyncSession` on SQLite is handed to a thread and waited for. Waking a thread,
and being woken by it, costs several times what a statement costs that finds its row by a key. What
reads and writes a few such rows is handed over as a whole instead.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

T = TypeVar("T")
R = TypeVar("R")

#: What is done in a transaction; it waits for nothing but its session.
Work: TypeAlias = Callable[[AsyncSession], Awaitable[T]]

#: Transactions that may be under way at the same time.
THREADS = 3
#: Writes that are kept by one commit.
MOST_TOGETHER = 32


class SessionInOneGo(AsyncSession):
    """A session for functions that take an `AsyncSession`: what they ask for is done at once."""

    def __init__(self, connection: Connection) -> None:
        def plain(**_: object) -> Session:
            # Each work of several in one transaction is kept or taken back by itself.
            return Session(
                connection, expire_on_commit=False, join_transaction_mode="create_savepoint"
            )

        super().__init__(sync_session_class=plain)  # type: ignore[arg-type]

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
    """Threads on which transactions run as a whole, each on a connection of its own.

    Args:
        engine: for reading.
        writing: the same, for writing.
    """

    def __init__(self, engine: Engine, writing: Engine) -> None:
        self._engine = engine
        self.writing = writing
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="database")
        self._waiting: deque[_Write] = deque()

    async def read(self, work: Work[T]) -> T:
        """Run ``work``, which waits for nothing but its session, and take back what it wrote."""
        under_way = self._start(_read, self._engine, work)
        await _over(under_way)
        result: T = under_way.result()
        return result

    async def write(self, work: Work[T], turn: AbstractAsyncContextManager[object]) -> T:
        """Run ``work`` and keep what it wrote.

        Those who wait for their turn are written together, in the order in which they came.
        """
        mine = _Write(work, asyncio.get_running_loop().create_future())
        self._waiting.append(mine)
        try:
            async with turn:
                if mine in self._waiting:
                    await self._write_waiting()
            result: T = await mine.written
        except asyncio.CancelledError:
            if mine in self._waiting:
                self._waiting.remove(mine)
            mine.written.cancel()
            raise
        return result

    async def close(self) -> None:
        """Let the threads go, and close their connections."""
        await asyncio.to_thread(self._threads.shutdown)
        self._engine.dispose()

    async def _write_waiting(self) -> None:
        batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST_TOGETHER))]
        under_way = self._start(_write, self.writing, [each.work for each in batch])
        # Not told from here: the others are to hear of it when this task is cancelled, too.
        under_way.add_done_callback(partial(_tell, batch))
        await _over(under_way)

    def _start(
        self, function: Callable[[Engine, Any], R], engine: Engine, what: Any
    ) -> asyncio.Future[R]:
        loop = asyncio.get_running_loop()
        return loop.run_in_executor(self._threads, function, engine, what)


async def _over(under_way: asyncio.Future[Any]) -> None:
    """Wait until a thread has done its work, also when cancelled: it goes on anyway."""
    try:
        await asyncio.wait({under_way})
    except asyncio.CancelledError:
        await asyncio.wait({under_way})
        raise


@dataclass(frozen=True, slots=True)
class _Failed:
    error: BaseException


@dataclass(eq=False, slots=True)
class _Write:
    """A work that waits for its turn, and whoever waits for what it returns."""

    work: Work[Any]
    written: asyncio.Future[Any]


def _tell(batch: Sequence[_Write], over: asyncio.Future[Sequence[Any]]) -> None:
    """Tell everybody in a batch what became of their work."""
    error = over.exception()
    outcomes = [_Failed(error)] * len(batch) if error is not None else over.result()
    for each, outcome in zip(batch, outcomes, strict=True):
        if each.written.cancelled():
            continue
        if isinstance(outcome, _Failed):
            each.written.set_exception(outcome.error)
        else:
            each.written.set_result(outcome)


def _read(engine: Engine, work: Work[T]) -> T:
    with engine.connect() as connection:
        session = SessionInOneGo(connection)
        with session.sync_session:
            return _drive(work(session))


def _write(engine: Engine, works: Sequence[Work[Any]]) -> list[Any]:
    """What each work returned, or `_Failed`: what those wrote is not kept."""
    outcomes: list[Any] = []
    with engine.begin() as connection:
        for work in works:
            session = SessionInOneGo(connection)
            try:
                with session.sync_session as sync:
                    outcome = _drive(work(session))
                    sync.commit()
            except Exception as error:  # noqa: BLE001 - told to whoever asked for it
                outcome = _Failed(error)
            outcomes.append(outcome)
    return outcomes


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
