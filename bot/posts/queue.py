"""Due posts: one after another within a community, communities side by side."""

import logging
from collections.abc import Callable, Iterable

from bot.leases import LeaseLost
from bot.posts.pipeline import Pipeline
from bot.runtime.lanes import PATIENCE, Lanes
from storage.queries.posts import DuePost

log = logging.getLogger(__name__)


class CommunityQueue:
    """One queue for each community with posts that are due.

    A platform that holds up one community, as rate limits do, does not keep the others waiting:
    what takes memory or processors is bounded by the pipeline, what waits is not.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._lanes: Lanes[int] = Lanes("Posts")

    @property
    def busy(self) -> frozenset[int]:
        """Communities whose queue is being worked on; their other posts wait for its end."""
        return self._lanes.busy

    async def take(
        self,
        due: Iterable[DuePost],
        *,
        patience: float = PATIENCE,
        still_ours: Callable[[], bool] | None = None,
    ) -> None:
        """Advance posts; returns when that is done, or goes on without the caller.

        Args:
            due: posts of communities that are not busy, in the order in which they are advanced.
            patience: how long to wait, seconds.
            still_ours: whether a post is begun that its queue has kept waiting; None: each is.
        """
        await self._lanes.take(
            due,
            lambda post: post.community_id,
            self._advance,
            patience=patience,
            still_ours=still_ours,
        )

    async def stop(self) -> None:
        """Cancel the work that goes on, and wait until it has ended."""
        await self._lanes.stop()

    async def _advance(self, post: DuePost) -> None:
        try:
            await self._pipeline.advance(post.id)
        except LeaseLost as error:
            log.info("Post %s is left to another process: %s.", post.id, error)
        except Exception as error:
            # The longest waiting come first: one that fails must not keep the others waiting.
            log.exception("Post %s could not be advanced; it is tried again later.", post.id)
            await self._pipeline.retry_after_fault(post.id, error)
