"""Opting out and in again, whatever the platform.

A person is known here by a keyed hash only (`bot.people.identity`).
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from storage.engine.database import Database
from storage.queries.communities import find_author, find_or_add_author
from storage.tables import (
    DuelGuess,
    Guess,
    ImagelessPost,
    Label,
    OutcomeFeed,
    Post,
    ScoreGuess,
)
from storage.types import UNLABELLED, PlatformName, PostState


@dataclass(frozen=True, slots=True)
class OptOut:
    """What opting out did: whether it is new, and how many posts without a label were withdrawn."""

    newly: bool
    withdrawn: int


async def opt_out(
    database: Database, *, platform: PlatformName, person: str, now: datetime
) -> OptOut:
    """Ingest nothing of a person from now on.

    Their posts without a label are withdrawn, and the next tick removes the replies to them; their
    guesses on posts without a label are deleted. Pipeline, guesses and boards leave out people who
    opted out.
    """
    async with database.write() as session:
        return await opt_out_in(session, platform=platform, person=person, now=now)


async def opt_out_in(
    session: AsyncSession, *, platform: PlatformName, person: str, now: datetime
) -> OptOut:
    """`opt_out` in a write session of the caller's."""
    author = await session.run_sync(find_or_add_author, platform, person)
    newly = author.opted_out_at is None
    if newly:
        author.opted_out_at = now
        author.sealed_id = None
        author.shown_at = None
        await session.execute(delete(OutcomeFeed).filter_by(author_id=author.id))
    withdrawn = await withdraw_waiting_posts(session, author.id)
    await _drop_waiting_guesses(session, author.id)
    return OptOut(newly, withdrawn)


async def opt_in(database: Database, *, platform: PlatformName, person: str) -> bool:
    """End an opt-out; return whether there was one. What was withdrawn stays withdrawn."""
    async with database.write() as session:
        return await opt_in_in(session, platform=platform, person=person)


async def opt_in_in(session: AsyncSession, *, platform: PlatformName, person: str) -> bool:
    """`opt_in` in a write session of the caller's."""
    author = await session.run_sync(find_author, platform, person)
    if author is None or author.opted_out_at is None:
        return False
    author.opted_out_at = None
    return True


async def has_opted_out(session: AsyncSession, platform: PlatformName, person: str) -> bool:
    """Whether a person asked that nothing of theirs is ingested."""
    author = await session.run_sync(find_author, platform, person)
    return author is not None and author.opted_out_at is not None


async def withdraw_waiting_posts(session: AsyncSession, author_id: int) -> int:
    """Withdraw an author's posts without a label; return how many. Needs a write session.

    What they published without an image gets no score, either, where it has none yet.
    """
    await session.execute(
        update(ImagelessPost)
        .where(ImagelessPost.author_id == author_id, ImagelessPost.due_at.is_not(None))
        .values(due_at=None)
    )
    withdrawn = await session.scalars(
        update(Post)
        .where(Post.author_id == author_id, Post.state.in_(UNLABELLED))
        .values(state=PostState.WITHDRAWN, due_at=None)
        .returning(Post.id)
    )
    return len(withdrawn.all())


async def _drop_waiting_guesses(session: AsyncSession, author_id: int) -> None:
    labelled = select(Label.post_id).where(Label.post_id == Guess.post_id).exists()
    await session.execute(
        delete(Guess).where(Guess.author_id == author_id, Guess.points.is_(None), ~labelled)
    )
    await session.execute(
        delete(DuelGuess).where(DuelGuess.author_id == author_id, DuelGuess.points.is_(None))
    )
    await session.execute(
        delete(ScoreGuess).where(ScoreGuess.author_id == author_id, ScoreGuess.crps.is_(None))
    )
