"""The bot's own comments afterwards: unwelcome ones are deleted, removed ones are noted."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from bot.posts.sent_replies import note_reply_gone
from bot.reddit.client import PAGE, RedditClient
from bot.reddit.replies import Replies
from bot.runtime.clock import Clock
from storage.engine.database import Database
from storage.engine.scopes import ITS_ROWS
from storage.tables import InboxItem, Post, Reply
from storage.types import OF_MODERATORS, PlatformName, ReplyState

log = logging.getLogger(__name__)

#: Comments older than this are left as they are: few votes come after it.
CHECKED_FOR = timedelta(days=2)

UNWELCOME = "It was voted down, so it was deleted."
REMOVED = "A moderator removed it."


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment of ours: under a post, or in answer to a message."""

    name: str
    post_id: int | None
    inbox_id: int | None


class CommentCleanup:
    """Reads the scores of the bot's own comments, a hundred a request.

    Args:
        delete_below: a comment whose score is lower is deleted.
    """

    def __init__(
        self,
        client: RedditClient,
        database: Database,
        replies: Replies,
        *,
        delete_below: int,
        clock: Clock,
    ) -> None:
        self._client = client
        self._database = database
        self._replies = replies
        self._delete_below = delete_below
        self._clock = clock

    async def run(self) -> int:
        """Check all recent comments; return how many were deleted, or were found removed.

        Raises:
            PlatformUnavailable: Reddit cannot be asked now.
        """
        comments = await self._recent()
        gone = 0
        for start in range(0, len(comments), PAGE):
            batch = comments[start : start + PAGE]
            items = await self._client.info([comment.name for comment in batch])
            for comment in batch:
                item = items.get(comment.name)
                if item is None:
                    continue
                if _is_removed(item):
                    await self._note_gone(comment, REMOVED)
                    gone += 1
                elif _score(item) < self._delete_below:
                    await self._replies.delete(comment.name)
                    await self._note_gone(comment, UNWELCOME)
                    gone += 1
        return gone

    async def _recent(self) -> Sequence[Comment]:
        since = self._clock() - CHECKED_FOR
        shown = (ReplyState.SENT, ReplyState.SETTLED)
        async with self._database.read() as session:
            replies = await session.execute(
                select(Reply.source_id, Reply.post_id)
                .join(Post, Post.id == Reply.post_id)
                .where(
                    Post.platform == PlatformName.REDDIT,
                    Reply.state.in_(shown),
                    Reply.sent_at >= since,
                )
                .order_by(Reply.post_id)
            )
            answers = await session.execute(
                select(InboxItem.answer_id, InboxItem.id)
                .where(
                    InboxItem.platform == PlatformName.REDDIT,
                    InboxItem.kind.not_in(OF_MODERATORS),
                    InboxItem.state.in_(shown),
                    InboxItem.answered_at >= since,
                )
                .order_by(InboxItem.id)
            )
            return [
                *(Comment(name, post_id, None) for name, post_id in replies if name),
                *(Comment(name, None, inbox_id) for name, inbox_id in answers if name),
            ]

    async def _note_gone(self, comment: Comment, reason: str) -> None:
        log.info("The comment %s is gone: %s", comment.name, reason)
        if comment.post_id is not None:
            await note_reply_gone(self._database, comment.post_id, reason)
            return
        async with self._database.write(alone_in=ITS_ROWS) as session:
            item = await session.get_one(InboxItem, comment.inbox_id)
            item.state, item.reason = ReplyState.SKIPPED, reason


def _is_removed(item: Mapping[str, Any]) -> bool:
    return (
        item.get("author") in (None, "", "[deleted]")
        or item.get("body") in ("[removed]", "[deleted]")
        or item.get("removed") is True
        or bool(item.get("removed_by_category"))
        or bool(item.get("banned_by"))
    )


def _score(item: Mapping[str, Any]) -> int:
    """The score; 1, what a comment starts with, where it makes no sense."""
    score = item.get("score")
    return score if isinstance(score, int) else 1
