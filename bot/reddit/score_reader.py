"""Reading scores: a hundred a request, and many a request."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.platform import (
    PostHidden,
    PostRef,
    PostRemoved,
    Reading,
    ReadLater,
    ScoreRead,
    ScoreUnknown,
)
from bot.reddit.client import PAGE, RedditClient
from bot.reddit.items import is_deleted, is_gone
from bot.runtime.clock import Clock

_EPOCH = datetime.fromisoformat("2000-01-01T00:00:00+00:00")


def read_score(item: Mapping[str, Any], at: datetime) -> Reading | None:
    """What Reddit says of a submission at the moment ``at``; None where that makes no sense."""
    if is_deleted(item):
        return PostRemoved()
    if is_gone(item):
        return PostHidden()
    if item.get("hide_score") is True:
        # What stands in its place is no score.
        return ScoreUnknown()
    score = item.get("score")
    if isinstance(score, bool) or not isinstance(score, int) or abs(score) > 10**9:
        return None
    comments, ratio = item.get("num_comments"), item.get("upvote_ratio")
    return ScoreRead(
        score=score,
        at=at,
        comments=comments if isinstance(comments, int) and 0 <= comments < 10**9 else None,
        upvote_ratio=float(ratio) if isinstance(ratio, int | float) and 0 <= ratio <= 1 else None,
    )


class ScoreReader:
    """Reads scores in as few requests as it can.

    A request is spent on final scores only. They are gathered: read together at fixed moments
    ``gather`` apart, or as soon as a hundred wait. Early scores come from the listings that the
    watcher looks at anyway, or ride along in what room a request has left; one that does not
    get a place before the next moment is asked for again then.

    Args:
        listed: the score that the watcher saw last of a post, by its source id.
        gather: how late a final score may be read.
    """

    def __init__(
        self,
        client: RedditClient,
        listed: Callable[[str], ScoreRead | None],
        *,
        gather: timedelta,
        clock: Clock,
    ) -> None:
        self._client = client
        self._listed = listed
        self._gather = gather
        self._clock = clock
        #: Since when an early score is asked for: what was listed before that may be too early.
        self._asked: dict[str, datetime] = {}
        #: Requests that were spent.
        self.requests = 0

    async def read(self, posts: Sequence[PostRef]) -> Mapping[int, Reading]:
        """Scores of posts that are due, or when to ask again.

        Raises:
            PlatformUnavailable: Reddit cannot be asked now.
        """
        now = self._clock()
        answers: dict[int, Reading] = {}
        final = [post for post in posts if post.horizon_at <= now]
        early = [post for post in posts if post.horizon_at > now]
        for post in early:
            read = self._from_listing(post, now)
            if read is not None:
                answers[post.post_id] = read
        early = [post for post in early if post.post_id not in answers]
        ready = [post for post in final if self._moment(post.horizon_at) <= now]
        if len(final) >= PAGE:
            ready = final
        room = -len(ready) % PAGE if ready else 0
        wanted = [*ready, *early[:room]]
        for start in range(0, len(wanted), PAGE):
            answers |= await self._ask(wanted[start : start + PAGE])
        for post in (*final, *early):
            if post not in wanted:
                answers[post.post_id] = ReadLater(self._again(post, now))
        return answers

    def _from_listing(self, post: PostRef, now: datetime) -> ScoreRead | None:
        asked = self._asked.setdefault(post.source_id, now)
        read = self._listed(post.source_id)
        if read is None or read.at < asked:
            return None
        del self._asked[post.source_id]
        return read

    def _again(self, post: PostRef, now: datetime) -> datetime:
        if post.horizon_at <= now:
            return self._moment(post.horizon_at)
        if self._listed(post.source_id) is not None:
            return now + timedelta(minutes=1)
        return min(self._moment(now + timedelta(microseconds=1)), post.horizon_at)

    def _moment(self, wanted: datetime) -> datetime:
        """The first moment of reading at or after ``wanted``."""
        if not self._gather:
            return wanted
        return wanted + (_EPOCH - wanted) % self._gather

    async def _ask(self, posts: Sequence[PostRef]) -> dict[int, Reading]:
        self.requests += 1
        items = await self._client.info([post.source_id for post in posts])
        now = self._clock()
        answers: dict[int, Reading] = {}
        for post in posts:
            item = items.get(post.source_id)
            # Reddit does not tell of posts in private subreddits; those that are deleted it tells.
            read = read_score(item, now) if item is not None else PostHidden()
            if read is not None:
                answers[post.post_id] = read
                self._asked.pop(post.source_id, None)
        return answers
