"""Due posts: one after another within a community, communities side by side."""

import asyncio
import logging
from collections.abc import Iterable, Sequence

from bot.posts.pipeline import Pipeline
from bot.runtime.task_group import TaskGroup
from storage.queries.posts import DuePost

log = logging.getLogger(__name__)

#: Communities whose posts are advanced at the same time.
_AT_ONCE = 8
#: How long a tick waits for its posts, seconds. What takes longer goes on in the background.
_PATIENCE = 10.0


class CommunityQueue:
    """One queue for each community with posts that are due.

    A platform that holds up one community, as rate limits do, does not keep the others waiting.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._tasks = TaskGroup()
        self._at_once = asyncio.Semaphore(_AT_ONCE)
        self._busy: set[int] = set()

    @property
    def busy(self) -> frozenset[int]:
        """Communities whose queue is being worked on; their other posts wait for its end."""
        return frozenset(self._busy)

    async def take(self, due: Iterable[DuePost], *, patience: float = _PATIENCE) -> None:
        """Advance posts; returns when that is done, or goes on without the caller.

        Args:
            due: posts of communities that have no lane, in the order in which they are advanced.
            patience: how long to wait, seconds.
        """
        lanes: dict[int, list[int]] = {}
        for post in due:
            lanes.setdefault(post.community_id, []).append(post.id)
        under_way = [
            self._tasks.start(self._advance(community_id, ids), f"Lane {community_id}")
            for community_id, ids in lanes.items()
        ]
        self._busy |= lanes.keys()
        if under_way:
            await asyncio.wait(under_way, timeout=patience)

    async def stop(self) -> None:
        """Cancel the work that goes on, and wait until it has ended."""
        await self._tasks.stop()
        self._busy.clear()

    async def _advance(self, community_id: int, ids: Sequence[int]) -> None:
        try:
            async with self._at_once:
                for post_id in ids:
                    await self._advance_one(post_id)
        finally:
            self._busy.discard(community_id)

    async def _advance_one(self, post_id: int) -> None:
        try:
            await self._pipeline.advance(post_id)
        except Exception:
            # The longest waiting come first: one that fails must not keep the others waiting.
            log.exception("Post %s could not be advanced; it is tried again later.", post_id)
            await self._pipeline.retry_after_fault(post_id)
