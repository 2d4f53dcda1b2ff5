"""Replies after they were sent: which must show that guessing has closed, which are gone."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.engine.database import Database
from storage.queries.posts import load_posts
from storage.tables import Post, Reply
from storage.types import PlatformName, PostState, ReplySkip, ReplyState


async def replies_to_close(
    session: AsyncSession, platform: PlatformName, now: datetime, *, limit: int
) -> Sequence[Post]:
    """Posts whose guessing has closed and whose reply does not show it yet, the earliest first.

    Returns them with everything `storage.queries.posts.load_posts` loads.
    """
    ids = await session.scalars(
        select(Post.id)
        .join(Reply, Reply.post_id == Post.id)
        .where(
            Post.platform == platform,
            Post.state == PostState.AWAITING_SCORE,
            Post.guessing_closed_at <= now,
            Reply.state == ReplyState.SENT,
            Reply.closed_at.is_(None),
        )
        .order_by(Post.guessing_closed_at)
        .limit(limit)
    )
    return await session.run_sync(load_posts, ids)


async def note_reply_closed(database: Database, post_id: int, now: datetime) -> None:
    """Note that the reply to a post shows that guessing has closed."""
    async with database.write() as session:
        (await session.get_one(Reply, post_id)).closed_at = now


async def note_reply_gone(database: Database, post_id: int, reason: str) -> None:
    """Note that the reply to a post exists no more: nothing can be changed in it.

    Args:
        reason: why, a sentence.
    """
    async with database.write() as session:
        reply = await session.get_one(Reply, post_id)
        reply.state, reply.skip_code = ReplyState.SKIPPED, ReplySkip.OTHER
        reply.reason = reason
