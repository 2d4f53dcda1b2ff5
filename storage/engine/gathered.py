"""One answer for all who ask at the same time."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")

#: How many are answered at once, at most: the first of them waits for the last.
MOST = 32


@dataclass(eq=False, slots=True)
class _Asked(Generic[K, V]):
    """Somebody who waits, for what, and the future of the answer."""

    key: K
    answer: asyncio.Future[V]


class Gathered(Generic[K, V]):
    """Answers at once who asks first, and meanwhile gathers those who ask next for one answer.

    Nothing is kept: who asks is answered by what begins afterwards.

    Args:
        find: what there is for each of some keys, all different.
    """

    def __init__(self, find: Callable[[Sequence[K]], Awaitable[Mapping[K, V]]]) -> None:
        self._find = find
        self._turn = asyncio.Lock()
        self._waiting: list[_Asked[K, V]] = []

    async def ask(self, key: K) -> V:
        """What there is for a key now.

        Raises:
            Exception: what asking for this key alone raises.
        """
        mine = _Asked[K, V](key, asyncio.get_running_loop().create_future())
        self._waiting.append(mine)
        try:
            async with self._turn:
                # Answered by who asked before; by nobody where that one was cancelled.
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
            found = await self._find(keys)
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
