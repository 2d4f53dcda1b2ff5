"""Forgetting a person: the one place that deletes personal data."""

import logging
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import CursorResult, Select, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.base import Executable

from bot.people.consent import withdraw_waiting_posts
from storage.engine.database import Database
from storage.files.image_store import ImageStore
from storage.objects.faults import ObjectStoreFault
from storage.queries.communities import find_author
from storage.queries.genres import drop_corrections
from storage.queries.standings import drop_standings
from storage.tables import (
    Account,
    AuditEntry,
    CaptionChoice,
    DuelGuess,
    Guess,
    Image,
    ImagelessPost,
    InboxItem,
    OutcomeFeed,
    Participant,
    Peek,
    Post,
    PostImage,
    ScoreGuess,
    Vote,
)
from storage.types import PlatformName

log = logging.getLogger(__name__)

#: How the source of an uploaded image begins; its SHA-256 follows.
_UPLOAD = "sha256:"


async def forget_person(
    database: Database, *, platform: PlatformName, person: str, images: ImageStore, now: datetime
) -> int:
    """Delete what is stored about a person; return how many rows were deleted or emptied.

    Account, guesses, noted views, votes, standings, chosen captions and what they said of genres
    are deleted. Posts stay as numbers that others are measured by: without author, title, link and
    addresses of images. Those without a label are withdrawn as by `opt_out`. Images that nobody
    else posted are deleted, and the text read from them. The platform's own id of a post stays, so
    that it is not ingested again as a new one.

    A person who opted out stays opted out: only their hash is kept for that, and no row refers to
    it. To delete the hash as well, they opt in first.
    """
    async with database.write() as session:
        # Who was never counted as an author may have written to the bot all the same.
        rows = await _count(
            session,
            update(InboxItem).filter_by(platform=platform, person=person).values(person=None),
        )
        rows += await _count(
            session,
            update(AuditEntry)
            .filter_by(platform=platform, person=person)
            .values(person=None, sealed_id=None),
        )
        rows += await _count(session, delete(Account).filter_by(person=person))
        author = await session.run_sync(find_author, platform, person)
        if author is None:
            return rows
        await withdraw_waiting_posts(session, author.id)
        dropped = await _drop_images(session, author.id, now)
        dropped += await waiting_uploads(session, _posts_of(author.id))
        rows += len(dropped) + await session.run_sync(drop_standings, author.id)
        rows += await session.run_sync(drop_corrections, author.id)
        for statement in (
            delete(Guess).filter_by(author_id=author.id),
            delete(DuelGuess).filter_by(author_id=author.id),
            delete(ScoreGuess).filter_by(author_id=author.id),
            delete(Vote).filter_by(author_id=author.id),
            delete(OutcomeFeed).filter_by(author_id=author.id),
            update(OutcomeFeed).filter_by(winner_id=author.id).values(winner_id=None),
            delete(CaptionChoice).filter_by(author_id=author.id),
            delete(Participant).filter_by(author_id=author.id),
            delete(Peek).filter_by(author_id=author.id),
            update(PostImage).where(PostImage.post_id.in_(_posts_of(author.id))).values(source=""),
            update(Post).filter_by(author_id=author.id).values(author_id=None, title="", link=None),
            update(ImagelessPost).filter_by(author_id=author.id).values(author_id=None),
        ):
            rows += await _count(session, statement)
        author.shown_at = None
        if author.opted_out_at is None:
            await session.delete(author)
            rows += 1
    await drop_files(images, dropped)
    return rows


async def drop_files(images: ImageStore, dropped: Sequence[str]) -> None:
    """Delete image files after the commit: no row says any more that they are there.

    Files that a crash, or an object store that is away, leaves behind here are deleted by the image
    clean-up.
    """
    for sha256 in dropped:
        try:
            await images.on_thread(images.drop, sha256)
        except ObjectStoreFault as fault:
            log.warning("An image is deleted by the next clean-up: %s", fault)


async def _drop_images(session: AsyncSession, author_id: int, now: datetime) -> list[str]:
    """Mark images that only this person posted as dropped; return their SHA-256."""
    of_others = (
        select(PostImage.image_id)
        .join(Post, Post.id == PostImage.post_id)
        .where(
            PostImage.image_id.is_not(None),
            # Posts without an author may be anybody's.
            Post.author_id.is_distinct_from(author_id),
        )
    )
    only_theirs = select(PostImage.image_id).where(
        PostImage.post_id.in_(_posts_of(author_id)),
        PostImage.image_id.is_not(None),
        PostImage.image_id.not_in(of_others),
    )
    images = (await session.scalars(select(Image).where(Image.id.in_(only_theirs)))).all()
    for image in images:
        image.text = None if image.text is None else ""
        image.dropped_at = image.dropped_at or now
    return [image.sha256 for image in images]


async def waiting_uploads(session: AsyncSession, posts: Select[int]) -> list[str]:
    """SHA-256 of uploads that only some posts have and that are in the store without a row yet.

    Args:
        session: to read with, before the addresses of images are emptied.
        posts: gives the ids of these posts.
    """
    sources = await session.scalars(
        select(PostImage.source).where(
            PostImage.post_id.in_(posts),
            PostImage.image_id.is_(None),
            PostImage.source.startswith(_UPLOAD),
        )
    )
    unused = []
    for source in sources:
        sha256 = source.removeprefix(_UPLOAD)
        of_others = select(PostImage.post_id).where(
            PostImage.source == source, PostImage.post_id.not_in(posts)
        )
        stored = select(Image.id).where(Image.sha256 == sha256, Image.dropped_at.is_(None))
        if not (await session.scalars(select(of_others.exists() | stored.exists()))).one():
            unused.append(sha256)
    return unused


def _posts_of(author_id: int) -> Select[int]:
    return select(Post.id).filter_by(author_id=author_id)


async def _count(session: AsyncSession, statement: Executable) -> int:
    """Execute an UPDATE or DELETE; return how many rows it changed."""
    result = await session.execute(statement)
    assert isinstance(result, CursorResult)  # noqa: S101 - what an UPDATE or DELETE gives
    return result.rowcount
