"""Work that is due: one after another within a lane, lanes side by side.

A lane that is kept waiting, as rate limits keep a channel waiting, takes nothing from the others.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence
from typing import Generic, TypeVar

from bot.runtime.task_group import TaskGroup

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")

log = logging.getLogger(__name__)

#: How long a tick waits for its lanes, seconds. What takes longer goes on in the background.
PATIENCE = 10.0


class Lanes(Generic[K]):
    """Lanes by their keys; each works on one item at a time.

    Args:
        what: what the items are, for the log: "Outcomes".
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._tasks = TaskGroup()
        self._busy: set[K] = set()

    @property
    def busy(self) -> frozenset[K]:
        """Lanes that are being worked on; their other items wait for their end."""
        return frozenset(self._busy)

    async def take(
        self,
        items: Iterable[T],
        lane: Callable[[T], K],
        work: Callable[[T], Awaitable[object]],
        *,
        patience: float = PATIENCE,
        still_ours: Callable[[], bool] | None = None,
    ) -> None:
        """Work on items; returns when all are done, or goes on without the caller.

        Args:
            items: in the order in which each lane works on them. Those whose lane is busy are left
                out: they are still due afterwards.
            lane: the lane of an item.
            work: does an item. An error of one is logged and ends nothing else.
            patience: how long to wait, seconds.
            still_ours: whether an item is begun that its lane has kept waiting. What is left then
                has to be due again: somebody else may have taken it. None: each is.
        """
        lanes: dict[K, list[T]] = {}
        for item in items:
            if lane(item) not in self._busy:
                lanes.setdefault(lane(item), []).append(item)
        self._busy |= lanes.keys()
        under_way = [
            self._tasks.start(
                self._run(key, waiting, work, still_ours), f"{self._what} of lane {key}"
            )
            for key, waiting in lanes.items()
        ]
        if under_way:
            await asyncio.wait(under_way, timeout=patience)

    async def stop(self) -> None:
        """Cancel the work that goes on, and wait until it has ended."""
        await self._tasks.stop()
        self._busy.clear()

    async def _run(
        self,
        key: K,
        items: Sequence[T],
        work: Callable[[T], Awaitable[object]],
        still_ours: Callable[[], bool] | None,
    ) -> None:
        try:
            for item in items:
                if still_ours is not None and not still_ours():
                    return
                try:
                    await work(item)
                except Exception:
                    log.exception("%s: an item of lane %s failed.", self._what, key)
        finally:
            self._busy.discard(key)
