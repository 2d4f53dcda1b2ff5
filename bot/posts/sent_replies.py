"""Replies after they were sent: what must change in them, what failed at that, which are gone."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.posts.retry import change_pause, log_failure, next_try
from storage.engine.core_tables import table_of
from storage.engine.database import Database
from storage.engine.scopes import ITS_ROWS
from storage.queries.posts import load_posts
from storage.tables import Post, Reply, WaitingScore
from storage.types import PlatformName, PostState, ReplySkip, ReplyState

_REPLIES = table_of(Reply)


async def replies_to_close(
    session: AsyncSession,
    platform: PlatformName,
    now: datetime,
    *,
    limit: int,
    without_communities: Collection[int] = (),
) -> Sequence[Post]:
    """Posts whose guessing has closed and whose reply does not show it yet, the earliest first.

    Left out are posts in ``without_communities``, and those whose reply is changed later. Returns
    them with everything `storage.queries.posts.load_posts` loads.
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
            # It shows more than that already, or will at once.
            ~exists().where(WaitingScore.post_id == Post.id),
            or_(Reply.retry_at.is_(None), Reply.retry_at <= now),
            Post.community_id.not_in(without_communities),
        )
        .order_by(Post.guessing_closed_at)
        .limit(limit)
    )
    return await session.run_sync(load_posts, ids.all())


async def note_reply_closed(database: Database, post_id: int, now: datetime) -> None:
    """Note that the reply to a post shows that guessing has closed, or never will."""
    await note_change_done(database, post_id, closed_at=now)


async def note_change_done(database: Database, post_id: int, **values: Any) -> None:
    """Note that a reply was changed, or given up: ``values``; the next change has all its tries."""
    statement = update(_REPLIES).where(_REPLIES.c.post_id == post_id)
    values |= {"tries": 0, "retry_at": None}
    await database.run_write(
        lambda session: session.execute(statement.values(**values)), alone_in=ITS_ROWS
    )


async def note_change_failed(
    database: Database, reply: Reply, error: Exception, *, now: datetime, until: datetime
) -> bool:
    """Note why a reply could not be changed; return whether that is tried again.

    Args:
        database: where.
        reply: as it was before.
        error: what the change failed with; see `bot.posts.retry.next_try`.
        now: aware.
        until: when the change does not matter any more, aware.
    """
    retry_at = next_try(error, reply.tries, now=now, until=until, pause=change_pause(reply.tries))
    fault = str(error) or type(error).__name__
    log_failure(f"The reply to post {reply.post_id}", error, retry_at)
    statement = update(_REPLIES).where(_REPLIES.c.post_id == reply.post_id)
    values = {"fault": fault, "retry_at": retry_at, "tries": reply.tries + 1}
    await database.run_write(
        lambda session: session.execute(statement.values(**values)), alone_in=ITS_ROWS
    )
    return retry_at is not None


async def note_reply_gone(database: Database, post_id: int, reason: str) -> None:
    """Note that the reply to a post exists no more: nothing can be changed in it.

    Args:
        reason: why, a sentence.
    """
    async with database.write(alone_in=ITS_ROWS) as session:
        reply = await session.get_one(Reply, post_id)
        reply.state, reply.skip_code = ReplyState.SKIPPED, ReplySkip.OTHER
        reply.reason = reason
