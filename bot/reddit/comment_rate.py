"""How many comments there may be in one subreddit within an hour."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select

from bot.platform import ReplyDeclined
from bot.reddit.errors import RedditBusy
from bot.reddit.options import REPLIES_PER_HOUR
from bot.runtime.clock import Clock
from storage.engine.database import Database
from storage.tables import Community, InboxItem, Post, Reply

HOUR = timedelta(hours=1)


class CommentRate:
    """Counts comments in the tables, so that a restart forgets none.

    Args:
        per_hour: most predictions in one subreddit within an hour, and as many answers.
    """

    def __init__(self, database: Database, *, per_hour: int, clock: Clock) -> None:
        self._database = database
        self._per_hour = per_hour
        self._clock = clock

    async def check(self, community: Community, *, until: datetime, answers: bool = False) -> None:
        """Do nothing if one more comment is fine in a subreddit.

        Args:
            until: when it would be too late.
            answers: whether it is an answer to a message; these are counted by themselves.

        Raises:
            RedditBusy: not yet; it says when there is room.
            ReplyDeclined: there will be none in time.
        """
        now = self._clock()
        if now > until:
            raise ReplyDeclined("The post was too old for a reply when there could be one.")
        # Moderators may want fewer than whoever runs this Peoria, never more.
        per_hour = min(self._per_hour, int(community.options.get(REPLIES_PER_HOUR, self._per_hour)))
        sent = await self._sent_since(community.id, now - HOUR, answers=answers)
        if len(sent) < per_hour:
            return
        free_at = sorted(sent)[-per_hour] + HOUR
        if free_at > until:
            raise ReplyDeclined(
                f"There was no room for it in time: PEORIA_REDDIT_REPLIES_PER_HOUR is {per_hour}."
                if per_hour == self._per_hour
                else f"There was no room for it in time: replies_per_hour is {per_hour} here."
            )
        raise RedditBusy("there were enough comments within the hour", free_at - now)

    async def _sent_since(
        self, community_id: int, since: datetime, *, answers: bool
    ) -> Sequence[datetime]:
        query = (
            select(InboxItem.answered_at).where(
                InboxItem.community_id == community_id, InboxItem.answered_at >= since
            )
            if answers
            else select(Reply.sent_at)
            .join(Post, Post.id == Reply.post_id)
            .where(Post.community_id == community_id, Reply.sent_at >= since)
        )
        async with self._database.read() as session:
            return [time for time in await session.scalars(query) if time is not None]
