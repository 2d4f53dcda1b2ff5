"""Everything stored about one person, for them to read or take elsewhere."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased, selectinload

from bot.serving.phrases import refusal_sentence
from storage.engine.database import Database
from storage.queries.communities import find_author
from storage.tables import (
    Account,
    AuditEntry,
    CaptionChoice,
    Community,
    Duel,
    DuelGuess,
    GenreCorrection,
    Guess,
    ImagelessPost,
    InboxItem,
    OutcomeFeed,
    Passkey,
    Peek,
    Post,
    PostImage,
    Prediction,
    ScoreGuess,
    Standing,
    Vote,
)
from storage.types import ForecasterKind, PlatformName

#: In place of the name of a community that the person cannot see now.
_UNNAMED = "(a place that you cannot see now)"


async def communities_of_person(
    database: Database, *, platform: PlatformName, person: str
) -> Sequence[Community]:
    """Communities that the export of a person would name."""
    async with database.read() as session:
        author = await session.run_sync(find_author, platform, person)
        author_id = None if author is None else author.id
        guessed = select(Guess.post_id).where(Guess.author_id == author_id)
        duels = select(DuelGuess.duel_id).where(DuelGuess.author_id == author_id)
        numbered = select(ScoreGuess.post_id).where(ScoreGuess.author_id == author_id)
        named = (
            select(Post.community_id).where(
                or_(Post.author_id == author_id, Post.id.in_(guessed), Post.id.in_(numbered)),
                Post.platform == platform,
            ),
            select(Duel.community_id).where(Duel.id.in_(duels)),
            select(ImagelessPost.community_id).where(ImagelessPost.author_id == author_id),
            select(Standing.community_id).where(
                Standing.kind == ForecasterKind.PERSON, Standing.forecaster_id == author_id
            ),
            select(InboxItem.community_id).filter_by(platform=platform, person=person),
            select(AuditEntry.community_id).filter_by(platform=platform, person=person),
        )
        communities = await session.scalars(
            select(Community).where(or_(*(Community.id.in_(each) for each in named)))
        )
        return communities.all()


async def export_person(
    database: Database,
    *,
    platform: PlatformName,
    person: str,
    unnamed: Collection[int] = (),
) -> dict[str, Any] | None:
    """Everything stored about a person, ready for JSON; None where there is nothing.

    Times are ISO 8601 in UTC. Images are described, not contained: their owner has them.

    Args:
        database: where it is stored.
        platform: whose person it is.
        person: the keyed hash.
        unnamed: ids of communities that the person cannot see now: they are not named.
    """
    async with database.read() as session:
        author = await session.run_sync(find_author, platform, person)
        messages = await _export_messages(session, platform, person, unnamed)
        changes = await _export_changes(session, platform, person, unnamed)
        account = await _export_account(session, person)
        if author is None and account is None and not messages and not changes:
            return None
        if author is None:
            return {
                "platform": platform.value,
                "person": person,
                "account": account,
                "messages": messages,
                "changes": changes,
            }
        return {
            "platform": platform.value,
            "person": person,
            "account": account,
            "opted_out_at": _moment(author.opted_out_at),
            "banned_at": _moment(author.banned_at),
            "shown_at": _moment(author.shown_at),
            # The id itself is theirs, and known to them.
            "id_is_kept": author.sealed_id is not None,
            "told_of_outcomes": await _is_told(session, author.id),
            "posts": await _export_posts(session, author.id, unnamed),
            "posts_without_image": await _export_imageless(session, author.id, unnamed),
            "guesses": await _export_guesses(session, author.id, unnamed),
            "duel_guesses": await _export_duel_guesses(session, author.id, unnamed),
            "score_guesses": await _export_score_guesses(session, author.id, unnamed),
            "peeks": await _export_peeks(session, author.id),
            "votes": await _export_votes(session, author.id),
            "genre_corrections": await _export_corrections(session, author.id),
            "chosen_captions": await _export_captions(session, author.id),
            "standings": await _export_standings(session, author.id, unnamed),
            "messages": messages,
            "changes": changes,
        }


async def _is_told(session: AsyncSession, author_id: int) -> bool:
    """Whether they asked to be told of their own outcomes by direct message."""
    query = select(func.count()).select_from(OutcomeFeed).filter_by(author_id=author_id)
    return bool(await session.scalar(query))


async def _export_posts(
    session: AsyncSession, author_id: int, unnamed: Collection[int]
) -> list[dict[str, Any]]:
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
    return [_export_post(post, unnamed) for post in posts]


def _export_post(post: Post, unnamed: Collection[int]) -> dict[str, Any]:
    label = post.label
    return {
        "community": _name(post.community_id, post.community.name, unnamed),
        "id": post.source_id,
        "title": post.title,
        "link": post.link,
        "posted_at": _moment(post.posted_at),
        "seen_at": _moment(post.seen_at),
        "state": post.state.value,
        "refusal": refusal_sentence(post),
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


async def _export_imageless(
    session: AsyncSession, author_id: int, unnamed: Collection[int]
) -> list[dict[str, Any]]:
    rows = await session.execute(
        select(ImagelessPost, Community.name)
        .join(Community, Community.id == ImagelessPost.community_id)
        .where(ImagelessPost.author_id == author_id)
        .order_by(ImagelessPost.id)
    )
    return [
        {
            "community": _name(post.community_id, name, unnamed),
            "id": post.source_id,
            "posted_at": _moment(post.posted_at),
            "seen_at": _moment(post.seen_at),
            "score": post.score,
        }
        for post, name in rows
    ]


async def _export_guesses(
    session: AsyncSession, author_id: int, unnamed: Collection[int]
) -> list[dict[str, Any]]:
    rows = await session.execute(
        select(Guess, Post.source_id, Community.id, Community.name)
        .join(Post, Post.id == Guess.post_id)
        .join(Community, Community.id == Post.community_id)
        .where(Guess.author_id == author_id)
        .order_by(Guess.id)
    )
    return [
        {
            "community": _name(community_id, community, unnamed),
            "post": post,
            "bucket": guess.bucket.value,
            "guessed_at": _moment(guess.guessed_at),
            "blind": guess.blind,
            "held_back": guess.held.value if guess.held else None,
            "points": guess.points,
        }
        for guess, post, community_id, community in rows
    ]


async def _export_duel_guesses(
    session: AsyncSession, author_id: int, unnamed: Collection[int]
) -> list[dict[str, Any]]:
    first, second = aliased(Post), aliased(Post)
    rows = await session.execute(
        select(DuelGuess, first.source_id, second.source_id, Community.id, Community.name)
        .join(Duel, Duel.id == DuelGuess.duel_id)
        .join(first, first.id == Duel.first_post_id)
        .join(second, second.id == Duel.second_post_id)
        .join(Community, Community.id == Duel.community_id)
        .where(DuelGuess.author_id == author_id)
        .order_by(DuelGuess.duel_id)
    )
    return [
        {
            "community": _name(community_id, community, unnamed),
            "posts": [one, other],
            "guess": one if guess.first else other,
            "guessed_at": _moment(guess.guessed_at),
            "points": guess.points,
        }
        for guess, one, other, community_id, community in rows
    ]


async def _export_score_guesses(
    session: AsyncSession, author_id: int, unnamed: Collection[int]
) -> list[dict[str, Any]]:
    rows = await session.execute(
        select(ScoreGuess, Post.source_id, Community.id, Community.name)
        .join(Post, Post.id == ScoreGuess.post_id)
        .join(Community, Community.id == Post.community_id)
        .where(ScoreGuess.author_id == author_id)
        .order_by(ScoreGuess.post_id)
    )
    return [
        {
            "community": _name(community_id, community, unnamed),
            "post": post,
            "low": guess.low,
            "high": guess.high,
            "guessed_at": _moment(guess.guessed_at),
            "crps": guess.crps,
        }
        for guess, post, community_id, community in rows
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
        {
            "post": post,
            "value": vote.value,
            "voted_at": _moment(vote.voted_at),
            "held_back": vote.held.value if vote.held else None,
        }
        for vote, post in rows
    ]


async def _export_corrections(session: AsyncSession, author_id: int) -> list[dict[str, Any]]:
    rows = await session.execute(
        select(GenreCorrection, Post.source_id)
        .join(Post, Post.id == GenreCorrection.post_id)
        .where(GenreCorrection.author_id == author_id)
        .order_by(GenreCorrection.id)
    )
    return [
        {"post": post, "genre": said.genre, "corrected_at": _moment(said.corrected_at)}
        for said, post in rows
    ]


async def _export_captions(session: AsyncSession, author_id: int) -> list[dict[str, Any]]:
    rows = await session.scalars(
        select(CaptionChoice).filter_by(author_id=author_id).order_by(CaptionChoice.id)
    )
    return [
        {
            "chosen_at": _moment(each.chosen_at),
            "chosen": each.offered[each.chosen]["text"],
            "offered": [offered["text"] for offered in each.offered],
        }
        for each in rows
    ]


async def _export_standings(
    session: AsyncSession, author_id: int, unnamed: Collection[int]
) -> list[dict[str, Any]]:
    rows = await session.execute(
        select(Standing, func.coalesce(Community.name, "everywhere"))
        .outerjoin(Community, Community.id == Standing.community_id)
        .where(Standing.kind == ForecasterKind.PERSON, Standing.forecaster_id == author_id)
        .order_by(Standing.season, Standing.community_id)
    )
    return [
        {
            "season": standing.season,
            "community": _name(standing.community_id, community, unnamed),
            "guesses": standing.n,
            "right": standing.hits,
            "points": standing.points,
            "best_streak": standing.best_streak,
            "updated_at": _moment(standing.updated_at),
        }
        for standing, community in rows
    ]


async def _export_account(session: AsyncSession, person: str) -> dict[str, Any] | None:
    account = await session.scalar(select(Account).filter_by(person=person))
    if account is None:
        return None
    passkeys = await session.scalars(
        select(Passkey).filter_by(account_id=account.id).order_by(Passkey.id)
    )
    return {
        "handle": account.handle,
        "since": _moment(account.since),
        "made_at": _moment(account.made_at),
        "passkeys": [
            {
                "credential_id": each.credential_id,
                "public_key": each.public_key.hex(),
                "sign_counter": each.sign_counter,
                "name": each.name,
                "made_at": _moment(each.made_at),
            }
            for each in passkeys
        ],
    }


async def _export_messages(
    session: AsyncSession, platform: PlatformName, person: str, unnamed: Collection[int]
) -> list[dict[str, Any]]:
    rows = await session.execute(
        select(InboxItem, Community.name)
        .outerjoin(Community, Community.id == InboxItem.community_id)
        .where(InboxItem.platform == platform, InboxItem.person == person)
        .order_by(InboxItem.id)
    )
    return [
        {
            "id": item.source_id,
            "kind": item.kind.value,
            "community": _name(item.community_id, community, unnamed),
            "post": item.post_source_id,
            "sent_at": _moment(item.sent_at),
            "answered_at": _moment(item.answered_at),
        }
        for item, community in rows
    ]


async def _export_changes(
    session: AsyncSession, platform: PlatformName, person: str, unnamed: Collection[int]
) -> list[dict[str, Any]]:
    """What the person changed as an admin."""
    rows = await session.execute(
        select(AuditEntry, Community.name)
        .outerjoin(Community, Community.id == AuditEntry.community_id)
        .where(AuditEntry.platform == platform, AuditEntry.person == person)
        .order_by(AuditEntry.id)
    )
    return [
        {
            "action": entry.action,
            "community": _name(entry.community_id, community, unnamed),
            "details": entry.details,
            "made_at": _moment(entry.made_at),
        }
        for entry, community in rows
    ]


def _name(community_id: int | None, name: str | None, unnamed: Collection[int]) -> str | None:
    return _UNNAMED if community_id in unnamed else name


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
