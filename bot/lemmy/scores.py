"""Reading scores: from listings where that can be, for Lemmy tells of one post a request."""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

from bot.lemmy.client import LemmyClient
from bot.lemmy.errors import LemmyRefusal
from bot.lemmy.items import local_id, read_score
from bot.platform import PlatformUnavailable, PostHidden, PostRef, Reading, ReadLater, ScoreRead
from bot.runtime.clock import Clock

log = logging.getLogger(__name__)

#: Requests for scores in one go; instances allow some hundreds a minute to everybody together.
AT_ONCE = 60
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
        self,
        client: LemmyClient,
        listed: Callable[[str], ScoreRead | None],
        *,
        instance: str,
        clock: Clock,
    ) -> None:
        self._client = client
        self._listed = listed
        self._instance = instance
        self._clock = clock

    async def read(self, posts: Sequence[PostRef]) -> Mapping[int, Reading]:
        """Scores of posts that are due, or when to ask again.

        Raises:
            PlatformUnavailable: the instance cannot be asked now, and nothing was read.
        """
        found: dict[int, Reading] = {}
        asked = 0
        # Final scores first: an early one that is late tells less, and no more.
        for post in sorted(posts, key=lambda each: each.horizon_at):
            now = self._clock()
            listed = self._listed(post.source_id)
            post_id = local_id(post.source_id, self._instance)
            if listed is not None and now - listed.at < _RECENT:
                found[post.post_id] = listed
            elif post_id is None:
                found[post.post_id] = PostHidden()
            elif asked >= AT_ONCE:
                found[post.post_id] = ReadLater(now + _PAUSE)
            else:
                asked += 1
                try:
                    read = await self._ask(post_id)
                except PlatformUnavailable as error:
                    if not found:
                        raise
                    # What was read until here is kept: the next look begins where this one ended.
                    log.info("The other scores are read later (%s).", error)
                    asked, wait = AT_ONCE, max(error.retry_after or _PAUSE, _PAUSE)
                    read = ReadLater(now + wait)
                if read is not None:
                    found[post.post_id] = read
        return found

    async def _ask(self, post_id: int) -> Reading | None:
        try:
            view = await self._client.post(post_id)
        except LemmyRefusal as refusal:
            # An instance may hide what another one deleted: that proves nothing.
            return PostHidden() if refusal.is_absent else None
        return read_score(view, self._clock())
