"""One read for all who ask at the same time."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from sqlalchemy.orm import Session

from storage.engine.database import Database

K = TypeVar("K")
V = TypeVar("V")

#: How many are read for at once, at most: the first of them waits for the last.
MOST = 32


@dataclass(eq=False, slots=True)
class _Asked(Generic[K, V]):
    """Somebody who waits, for what, and the future of the answer."""

    key: K
    answer: asyncio.Future[V]


class SharedRead(Generic[K, V]):
    """Reads at once for one who asks, and meanwhile gathers those who ask next for one read.

    Nothing is kept: who asks is answered from a read that begins afterwards, and so hears of all
    that was committed before.

    Args:
        database: what is read.
        read: finds what there is for each of some keys, all different. What it finds may share
            rows with what others asked for: nobody changes it.
    """

    def __init__(
        self, database: Database, read: Callable[[Sequence[K], Session], Mapping[K, V]]
    ) -> None:
        self._database = database
        self._read = read
        self._turn = asyncio.Lock()
        self._waiting: list[_Asked[K, V]] = []

    async def ask(self, key: K) -> V:
        """What there is for a key now.

        Raises:
            Exception: what reading for this key alone raises.
        """
        mine = _Asked[K, V](key, asyncio.get_running_loop().create_future())
        self._waiting.append(mine)
        try:
            async with self._turn:
                # Answered by who read before; by nobody where that one was cancelled.
                while not mine.answer.done():
                    await self._answer(self._waiting[:MOST])
                    self._forget_answered()
        except asyncio.CancelledError:
            mine.answer.cancel()
            self._forget_answered()
            raise
        return mine.answer.result()

    async def _answer(self, asked: Sequence[_Asked[K, V]]) -> None:
        keys = list(dict.fromkeys(each.key for each in asked))
        try:
            found = await self._database.run_read(partial(self._read, keys))
        except Exception as error:  # noqa: BLE001 - raised where it was asked for
            if len(asked) > 1:
                # One of them may be to blame, and is alone.
                for each in asked:
                    await self._answer([each])
            elif not asked[0].answer.done():
                asked[0].answer.set_exception(error)
            return
        for each in asked:
            if not each.answer.done():
                each.answer.set_result(found[each.key])

    def _forget_answered(self) -> None:
        self._waiting = [each for each in self._waiting if not each.answer.done()]
