"""Reading scores: from listings where that can be, else some posts in a request."""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

from bot.networks.errors import NetworkRefusal, Refused
from bot.networks.network import Network
from bot.platform import PlatformUnavailable, PostHidden, PostRef, Reading, ReadLater, ScoreRead
from bot.runtime.clock import Clock

log = logging.getLogger(__name__)

#: What found no place is asked for again after this.
_PAUSE = timedelta(minutes=1)
#: A score of a listing may be as old as this.
_RECENT = timedelta(minutes=2)


class ScoreReader:
    """Reads scores of posts.

    Args:
        listed: the score that a listing showed last of a post, by its source id.
    """

    def __init__(
        self, network: Network, listed: Callable[[str], ScoreRead | None], *, clock: Clock
    ) -> None:
        self._network = network
        self._listed = listed
        self._clock = clock

    async def read(self, posts: Sequence[PostRef]) -> Mapping[int, Reading]:
        """Scores of posts that are due, or when to ask again.

        Raises:
            PlatformUnavailable: the network cannot be asked now, and nothing was read.
        """
        now = self._clock()
        found: dict[int, Reading] = {}
        waiting: list[PostRef] = []
        # Final scores first: an early one that is late tells less, and no more.
        for post in sorted(posts, key=lambda each: each.horizon_at):
            listed = self._listed(post.source_id)
            if listed is not None and now - listed.at < _RECENT:
                found[post.post_id] = listed
            else:
                waiting.append(post)
        size = self._network.at_once
        most = size * self._network.requests_at_once
        for start in range(0, min(len(waiting), most), size):
            some = waiting[start : start + size]
            try:
                found |= await self._ask(some)
            except PlatformUnavailable as error:
                if not found:
                    raise
                # What was read until here is kept: the next look begins where this one ended.
                log.info("The other scores are read later (%s).", error)
                wait = max(error.retry_after or _PAUSE, _PAUSE)
                later = ReadLater(self._clock() + wait)
                return found | {each.post_id: later for each in waiting[start:]}
        pause = ReadLater(now + _PAUSE)
        return found | {each.post_id: pause for each in waiting[most:]}

    async def _ask(self, posts: Sequence[PostRef]) -> dict[int, Reading]:
        try:
            seen = await self._network.look([each.source_id for each in posts])
        except NetworkRefusal as refusal:
            # A network may hide what another one deleted: that proves nothing.
            absent = refusal.why is Refused.ABSENT
            return {each.post_id: PostHidden() for each in posts} if absent else {}
        found: dict[int, Reading] = {}
        for post in posts:
            if post.source_id in seen:
                shown = seen[post.source_id]
                reading = PostHidden() if shown is None else shown.reading
                if reading is not None:
                    found[post.post_id] = reading
        return found
