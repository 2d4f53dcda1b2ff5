"""What people can do about what is stored of them, whatever the platform they are on.

A person is known here by a keyed hash only (`bot.people.identity`). Each function is one
transaction.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload
from sqlalchemy.sql.base import Executable

from storage.engine.database import Database
from storage.files.image_store import ImageStore
from storage.queries.communities import find_or_add_author
from storage.queries.standings import drop_standings
from storage.tables import (
    Author,
    Community,
    Guess,
    Image,
    Label,
    Peek,
    Post,
    PostImage,
    Prediction,
    Standing,
    Vote,
)
from storage.types import ForecasterKind, PlatformName, PostState

#: Posts that have no label yet.
_WAITING = (PostState.SEEN, PostState.PREDICTED, PostState.AWAITING_SCORE)


@dataclass(frozen=True, slots=True)
class OptOut:
    """What opting out did: whether it was news, and how many waiting posts were withdrawn."""

    newly: bool
    withdrawn: int


async def opt_out(
    database: Database, *, platform: PlatformName, person: str, now: datetime
) -> OptOut:
    """Take up nothing of a person any more.

    Their posts that wait for a score are withdrawn and the replies to them are taken away by the
    next tick; their guesses that wait are dropped. Pipeline, guessing and boards leave out who
    opted out.
    """
    async with database.write() as session:
        author = await find_or_add_author(session, platform, person)
        newly = author.opted_out_at is None
        if newly:
            author.opted_out_at = now
        withdrawn = await _withdraw_waiting(session, author.id)
        await _drop_waiting_guesses(session, author.id)
    return OptOut(newly, withdrawn)


async def opt_in(database: Database, *, platform: PlatformName, person: str) -> bool:
    """Take an opt-out back; return whether there was one. What was withdrawn stays withdrawn."""
    async with database.write() as session:
        author = await _find(session, platform, person)
        if author is None or author.opted_out_at is None:
            return False
        author.opted_out_at = None
        return True


async def has_opted_out(session: AsyncSession, platform: PlatformName, person: str) -> bool:
    """Whether a person wants nothing of theirs to be taken up."""
    author = await _find(session, platform, person)
    return author is not None and author.opted_out_at is not None


async def export_person(
    database: Database, *, platform: PlatformName, person: str
) -> dict[str, Any] | None:
    """Everything stored about a person, ready for JSON; None where there is nothing.

    Times are ISO 8601 in UTC. Images are described, not contained: their owner has them.
    """
    async with database.read() as session:
        author = await _find(session, platform, person)
        if author is None:
            return None
        return {
            "platform": platform.value,
            "person": person,
            "opted_out_at": _moment(author.opted_out_at),
            "posts": await _export_posts(session, author.id),
            "guesses": await _export_guesses(session, author.id),
            "peeks": await _export_peeks(session, author.id),
            "votes": await _export_votes(session, author.id),
            "standings": await _export_standings(session, author.id),
        }


async def forget_person(
    database: Database, *, platform: PlatformName, person: str, images: ImageStore, now: datetime
) -> int:
    """Delete what is stored about a person; return how many rows were deleted or emptied.

    Guesses, peeks, votes and standings go. Posts stay as numbers that others are measured by:
    without author, title, link and addresses of images. Those that wait for a score are withdrawn
    as by `opt_out`. Images that nobody else posted are deleted, and the text read from them. The
    platform's own id of a post stays, so that it is not taken up again as a new one.

    Who opted out stays opted out: the hash is kept for that alone, with nothing that refers to
    it. Who wants that gone as well opts in first.
    """
    async with database.write() as session:
        author = await _find(session, platform, person)
        if author is None:
            return 0
        await _withdraw_waiting(session, author.id)
        posts = (await session.scalars(select(Post.id).filter_by(author_id=author.id))).all()
        dropped = await _drop_images(session, posts, author.id, now)
        rows = len(dropped) + await drop_standings(session, author.id)
        for statement in (
            delete(Guess).filter_by(author_id=author.id),
            delete(Vote).filter_by(author_id=author.id),
            delete(Peek).filter_by(author_id=author.id),
            update(PostImage)
            .where(PostImage.post_id.in_(select(Post.id).filter_by(author_id=author.id)))
            .values(source=""),
            update(Post).filter_by(author_id=author.id).values(author_id=None, title="", link=None),
        ):
            rows += await _count(session, statement)
        if author.opted_out_at is None:
            await session.delete(author)
            rows += 1
    # After the commit: a file goes only when no row says any more that it is there. What a crash
    # leaves behind here is swept away by housekeeping.
    for sha256 in dropped:
        await asyncio.to_thread(images.drop, sha256)
    return rows


async def _find(session: AsyncSession, platform: PlatformName, person: str) -> Author | None:
    found: Author | None = await session.scalar(
        select(Author).filter_by(platform=platform, hash=person)
    )
    return found


async def _withdraw_waiting(session: AsyncSession, author_id: int) -> int:
    return await _count(
        session,
        update(Post)
        .where(Post.author_id == author_id, Post.state.in_(_WAITING))
        .values(state=PostState.WITHDRAWN, due_at=None),
    )


async def _drop_waiting_guesses(session: AsyncSession, author_id: int) -> int:
    scored = select(Label.post_id).where(Label.post_id == Guess.post_id).exists()
    return await _count(
        session, delete(Guess).where(Guess.author_id == author_id, Guess.points.is_(None), ~scored)
    )


async def _drop_images(
    session: AsyncSession, posts: Sequence[int], author_id: int, now: datetime
) -> list[str]:
    """Mark images that only this person posted as dropped; return their SHA-256."""
    if not posts:
        return []
    mine = select(Post.id).filter_by(author_id=author_id)
    of_others = (
        select(PostImage.image_id)
        .join(Post, Post.id == PostImage.post_id)
        .where(
            PostImage.image_id.is_not(None),
            # No author at all: imported, or of somebody who cannot be told from this one.
            Post.author_id.is_distinct_from(author_id),
        )
    )
    only_mine = select(PostImage.image_id).where(
        PostImage.post_id.in_(mine),
        PostImage.image_id.is_not(None),
        PostImage.image_id.not_in(of_others),
    )
    found = await session.scalars(select(Image).where(Image.id.in_(only_mine)))
    dropped = []
    for image in found:
        image.text = None if image.text is None else ""
        image.dropped_at = image.dropped_at or now
        dropped.append(image.sha256)
    # Bytes that were handed in and wait for their turn are in the store without an image row.
    waiting = await session.scalars(
        select(PostImage.source).where(
            PostImage.post_id.in_(mine),
            PostImage.image_id.is_(None),
            PostImage.source.startswith("sha256:"),
        )
    )
    for source in waiting:
        sha256 = source.removeprefix("sha256:")
        others = select(PostImage.post_id).where(
            PostImage.source == source, PostImage.post_id.not_in(mine)
        )
        stored = select(Image.id).where(Image.sha256 == sha256, Image.dropped_at.is_(None))
        used = select(others.exists() | stored.exists())
        if not (await session.scalars(used)).one():
            dropped.append(sha256)
    return dropped


async def _count(session: AsyncSession, statement: Executable) -> int:
    result = await session.execute(statement)
    assert isinstance(result, CursorResult)  # noqa: S101 - what an UPDATE or DELETE gives
    return result.rowcount


async def _export_posts(session: AsyncSession, author_id: int) -> list[dict[str, Any]]:
    posts = await session.scalars(
        select(Post)
        .filter_by(author_id=author_id)
        .order_by(Post.id)
        .options(
            selectinload(Post.community),
            selectinload(Post.images).selectinload(PostImage.image),
            selectinload(Post.prediction_rows).selectinload(Prediction.model_version),
            selectinload(Post.label),
        )
    )
    return [_export_post(post) for post in posts]


def _export_post(post: Post) -> dict[str, Any]:
    label = post.label
    return {
        "community": post.community.name,
        "id": post.source_id,
        "title": post.title,
        "link": post.link,
        "posted_at": _moment(post.posted_at),
        "seen_at": _moment(post.seen_at),
        "state": post.state.value,
        "refusal": post.refusal,
        "images": [_export_image(place) for place in post.images],
        "predictions": [
            {
                "model_version": prediction.model_version.name,
                "made_at": _moment(prediction.made_at),
                "low": prediction.p_low,
                "medium": prediction.p_medium,
                "high": prediction.p_high,
                "score_median": prediction.score_median,
            }
            for prediction in post.prediction_rows
        ],
        "label": None
        if label is None
        else {
            "score": label.score,
            "bucket": label.bucket.value,
            "matured_at": _moment(label.matured_at),
        },
    }


def _export_image(place: PostImage) -> dict[str, Any]:
    image = place.image
    return {
        "source": place.source,
        "refusal": place.refusal,
        "stored": None
        if image is None
        else {
            "sha256": image.sha256,
            "format": image.format,
            "bytes": image.bytes,
            "width": image.width,
            "height": image.height,
            "text": image.text,
            "stored_at": _moment(image.stored_at),
            "dropped_at": _moment(image.dropped_at),
        },
    }


async def _export_guesses(session: AsyncSession, author_id: int) -> list[dict[str, Any]]:
    rows = await session.execute(
        select(Guess, Post.source_id, Community.name)
        .join(Post, Post.id == Guess.post_id)
        .join(Community, Community.id == Post.community_id)
        .where(Guess.author_id == author_id)
        .order_by(Guess.id)
    )
    return [
        {
            "community": community,
            "post": post,
            "bucket": guess.bucket.value,
            "guessed_at": _moment(guess.guessed_at),
            "blind": guess.blind,
            "points": guess.points,
        }
        for guess, post, community in rows
    ]


async def _export_peeks(session: AsyncSession, author_id: int) -> list[dict[str, Any]]:
    rows = await session.execute(
        select(Peek, Post.source_id)
        .join(Post, Post.id == Peek.post_id)
        .where(Peek.author_id == author_id)
        .order_by(Peek.post_id)
    )
    return [{"post": post, "peeked_at": _moment(peek.peeked_at)} for peek, post in rows]


async def _export_votes(session: AsyncSession, author_id: int) -> list[dict[str, Any]]:
    rows = await session.execute(
        select(Vote, Post.source_id)
        .join(Post, Post.id == Vote.post_id)
        .where(Vote.author_id == author_id)
        .order_by(Vote.post_id)
    )
    return [
        {"post": post, "value": vote.value, "voted_at": _moment(vote.voted_at)}
        for vote, post in rows
    ]


async def _export_standings(session: AsyncSession, author_id: int) -> list[dict[str, Any]]:
    rows = await session.execute(
        select(Standing, func.coalesce(Community.name, "everywhere"))
        .outerjoin(Community, Community.id == Standing.community_id)
        .where(Standing.kind == ForecasterKind.PERSON, Standing.forecaster_id == author_id)
        .order_by(Standing.season, Standing.community_id)
    )
    return [
        {
            "season": standing.season,
            "community": community,
            "guesses": standing.n,
            "right": standing.hits,
            "points": standing.points,
            "best_streak": standing.best_streak,
            "updated_at": _moment(standing.updated_at),
        }
        for standing, community in rows
    ]


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
