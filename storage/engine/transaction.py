"""Whole transactions on a thread, for SQLite.

A statement of an `AsyncSession` on SQLite is handed to a thread and waited for, several times over.
That costs several times what a statement costs that finds its row by a key. A whole transaction,
written as a plain function of a `Session`, is handed over once.
"""

import asyncio
import inspect
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, TypeAlias, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.orm import Session

T = TypeVar("T")

#: What is done in a transaction: a plain function, which waits for nothing but its session.
Work: TypeAlias = Callable[[Session], T]

_Mode: TypeAlias = Literal["rollback_only", "create_savepoint"]

#: Transactions that may run at the same time.
THREADS = 3
#: Writes that share one commit, at most.
MAX_BATCH = 32


class TransactionThreads:
    """Threads on which transactions run as a whole, each on a connection of its own.

    Args:
        engine: for reading.
        writing: the same, for writing.
    """

    def __init__(self, engine: Engine, writing: Engine) -> None:
        self._engine = engine
        self._writing = writing
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="database")
        self._waiting: deque[_Write] = deque()

    async def read(self, work: Work[T]) -> T:
        """Return what ``work`` returns; nothing that it writes is kept."""
        return await self._finish(self._start(_read, self._engine, work))

    async def write(self, work: Work[T], turn: AbstractAsyncContextManager[object]) -> T:
        """Return what ``work`` returns, once what it wrote is committed.

        Those who wait for their turn share one commit, in the order in which they came. Each is
        kept or rolled back by itself: where one fails, all of them are called again.
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

    async def call(self, function: Callable[[Engine], T]) -> T:
        """Call ``function`` on a thread with the engine for writing."""
        loop = asyncio.get_running_loop()
        return await self._finish(loop.run_in_executor(self._threads, function, self._writing))

    async def close(self) -> None:
        """Stop the threads and close their connections."""
        await asyncio.to_thread(self._threads.shutdown)
        self._engine.dispose()

    async def _write_waiting(self) -> None:
        batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), MAX_BATCH))]
        running = self._start(_write, self._writing, [each.work for each in batch])
        # As a callback: the others must be told also when this task is cancelled.
        running.add_done_callback(partial(_tell, batch))
        await _wait_until_done(running)

    def _start(
        self, function: Callable[[Engine, Any], T], engine: Engine, what: Any
    ) -> asyncio.Future[T]:
        loop = asyncio.get_running_loop()
        # What holds for the task that waits, such as a reader's language, holds for its work.
        context = copy_context()
        return loop.run_in_executor(self._threads, context.run, function, engine, what)

    async def _finish(self, running: asyncio.Future[T]) -> T:
        await _wait_until_done(running)
        return running.result()


async def _wait_until_done(running: asyncio.Future[Any]) -> None:
    """Wait until a thread has finished its work, even when cancelled: the thread goes on anyway."""
    try:
        await asyncio.wait({running})
    except asyncio.CancelledError:
        await asyncio.wait({running})
        raise


@dataclass(frozen=True, slots=True)
class _Failed:
    error: BaseException


class _OneFailed(Exception):
    """A work that shares a transaction with others raised an error."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


@dataclass(eq=False, slots=True)
class _Write:
    """A work that waits for its turn, and the future of what it returns."""

    work: Work[Any]
    written: asyncio.Future[Any]


def _tell(batch: Sequence[_Write], done: asyncio.Future[Sequence[Any]]) -> None:
    """Give everybody in a batch the result of their work."""
    error = done.exception()
    results = [_Failed(error)] * len(batch) if error is not None else done.result()
    for each, result in zip(batch, results, strict=True):
        if each.written.cancelled():
            continue
        if isinstance(result, _Failed):
            each.written.set_exception(result.error)
        else:
            each.written.set_result(result)


def _read(engine: Engine, work: Work[T]) -> T:
    with Session(engine, expire_on_commit=False) as session:
        return _run(work, session)


def _write(engine: Engine, works: Sequence[Work[Any]]) -> list[Any]:
    """What each work returned, or `_Failed`: what those wrote is rolled back."""
    try:
        return _write_all(engine, works)
    except _OneFailed as failed:
        if len(works) == 1:
            return [_Failed(failed.error)]
    # Nothing was written. They are called again, each behind a savepoint: that is rare, and costs
    # less than a savepoint for each costs all the others.
    results: list[Any] = []
    with engine.begin() as connection:
        for work in works:
            try:
                result = _run_in(connection, work, "create_savepoint")
            except Exception as error:  # noqa: BLE001 - raised where the work was asked for
                result = _Failed(error)
            results.append(result)
    return results


def _write_all(engine: Engine, works: Sequence[Work[Any]]) -> list[Any]:
    """What the works returned; raises `_OneFailed`, with nothing written, where one raises."""
    results: list[Any] = []
    with engine.begin() as connection:
        for work in works:
            try:
                results.append(_run_in(connection, work, "rollback_only"))
            except Exception as error:
                raise _OneFailed(error) from error
    return results


def _run_in(connection: Connection, work: Work[T], mode: _Mode) -> T:
    """What a work returns, done in a transaction that others share.

    Args:
        connection: in the transaction.
        work: what is done.
        mode: what becomes of the transaction where it raises: it ends with it, or it is as it was.
    """
    with Session(connection, expire_on_commit=False, join_transaction_mode=mode) as session:
        result = _run(work, session)
        session.commit()
    return result


def _run(work: Work[T], session: Session) -> T:
    result = work(session)
    if inspect.iscoroutine(result):
        # It has not run at all, and would be committed as if it had.
        result.close()
        raise TypeError("A transaction on a thread is a plain function, not a coroutine.")
    return result
