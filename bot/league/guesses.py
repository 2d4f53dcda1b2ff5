"""Guesses: one per person and post, changeable until guessing closes."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeAlias

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from bot.texts.translate import mark
from storage.engine.database import Database
from storage.engine.scopes import LOCKED, person_scope
from storage.queries.communities import find_or_add_author
from storage.tables import Author, Community, Guess, Peek, Post
from storage.types import UNLABELLED, Bucket, PlatformName, PostState, VoteHold

NO_SUCH_POST = "There is no such post; it may have been deleted."
NOTHING_TO_GUESS = mark("There is nothing to guess: this post was refused or withdrawn.")
CLOSED = mark(
    "Guessing on this post has closed: its votes so far would give the answer"
    " away. Newer posts are open."
)
OWN_POST = mark("Your own post is for others to guess.")
OPTED_OUT = mark("You have opted out, so no guess of yours is kept. Opt in again to play.")
USED_UP = "You have made as many guesses here in 24 hours as one person makes."
BOTS_DO_NOT_PLAY = mark("Bots do not play in the league.")


_DAY = timedelta(days=1)
_THEIRS = select(Guess).where(
    Guess.post_id == bindparam("post_id"), Guess.author_id == bindparam("author_id")
)

#: Of a post, its guesser's author id and the post's horizon: why the guess does not count.
Hold: TypeAlias = Callable[[Session, Post, int, datetime], VoteHold | None]


class GuessRefused(Exception):
    """A guess that is refused; the message is for the person who made it."""


async def place_guess(
    database: Database,
    *,
    post_id: int,
    platform: PlatformName,
    person: str,
    bucket: Bucket,
    blind: bool,
    now: datetime,
    is_bot: bool = False,
    hold: Hold | None = None,
    most_a_day: int | None = None,
) -> Guess:
    """Store a person's guess, or change the one they made; return it.

    Args:
        database: where it is stored.
        post_id: the post.
        platform: where the person is.
        person: the keyed hash of their id there.
        bucket: the guess.
        blind: whether they were not shown the prediction, as far as the caller knows. A guess
            of a person who viewed it before (bot/league/blind.py) is not blind, and a guess that
            is changed stays blind only if it was blind from the start.
        now: aware.
        is_bot: whether the platform marks the account as a bot.
        hold: says, in the same transaction, why the guess does not count; None: each counts.
        most_a_day: posts of the community that one person guesses on within 24 hours; None: all.

    Raises:
        GuessRefused: guessing is closed, the post is their own, they opted out, there is
            nothing to guess, or they guessed on too many.
    """
    if is_bot:
        raise GuessRefused(BOTS_DO_NOT_PLAY)

    def place(session: Session) -> Guess:
        # Locked: a label is written before, and then guessing has closed, or sees this guess.
        post = session.get(Post, post_id, with_for_update=LOCKED)
        if post is None or post.platform is not platform:
            raise GuessRefused(NO_SUCH_POST)
        if post.state in (PostState.REFUSED, PostState.WITHDRAWN):
            raise GuessRefused(NOTHING_TO_GUESS)
        if not takes_guesses(session, post, now):
            raise GuessRefused(CLOSED)
        author = find_player(session, platform, person, [post])
        is_blind = blind and session.get(Peek, (post_id, author.id)) is None
        held = None
        if hold is not None:
            held = hold(session, post, author.id, _matured_at(session, post))
        guess = session.scalar(_THEIRS, {"post_id": post_id, "author_id": author.id})
        if guess is None:
            if most_a_day and _guessed_since(session, post, author.id, now - _DAY) >= most_a_day:
                raise GuessRefused(USED_UP)
            guess = Guess(
                post_id=post_id,
                author_id=author.id,
                bucket=bucket,
                guessed_at=now,
                blind=is_blind,
                held=held,
            )
            session.add(guess)
        else:
            guess.bucket, guess.guessed_at, guess.blind = bucket, now, guess.blind and is_blind
            guess.held = held
        session.flush()
        return guess

    return await database.run_write(place, alone_in=[person_scope(platform, person)])


def _guessed_since(session: Session, post: Post, author_id: int, since: datetime) -> int:
    """Posts of a post's community that somebody guessed on after a moment."""
    query = (
        select(func.count())
        .select_from(Guess)
        .join(Post, Post.id == Guess.post_id)
        .where(
            Guess.author_id == author_id,
            Guess.guessed_at > since,
            Post.community_id == post.community_id,
        )
    )
    return session.scalar(query) or 0


async def withdraw_guess(
    database: Database, *, post_id: int, platform: PlatformName, person: str, now: datetime
) -> bool:
    """Take a person's guess back while guessing is open; return whether there was one.

    One that was made stays once votes are coming in: nobody takes back what turned out wrong.
    """

    def withdraw(session: Session) -> bool:
        post = session.get(Post, post_id, with_for_update=LOCKED)
        guess = guess_of(session, post_id, platform, person)
        if post is None or guess is None or not guessing_is_open(post, now):
            return False
        session.delete(guess)
        return True

    return await database.run_write(withdraw, alone_in=[person_scope(platform, person)])


def guessing_is_open(post: Post, now: datetime) -> bool:
    """Whether people may guess on ``post`` at the moment ``now``."""
    closes_at = post.guessing_closed_at
    return closes_at is not None and now < closes_at and post.state in UNLABELLED


def find_player(
    session: Session, platform: PlatformName, person: str, posts: Sequence[Post]
) -> Author:
    """Who guesses on some posts; stored if they are new. Needs a write session.

    Raises:
        GuessRefused: they opted out, or one of the posts is their own.
    """
    author = find_or_add_author(session, platform, person)
    if author.opted_out_at is not None:
        raise GuessRefused(OPTED_OUT)
    if author.id in (each.author_id for each in posts):
        raise GuessRefused(OWN_POST)
    return author


def takes_guesses(session: Session, post: Post, now: datetime) -> bool:
    """The same where it is about to be relied on: with the horizon as it is now."""
    # It may have been made shorter after the closing time was set.
    return guessing_is_open(post, now) and now < _matured_at(session, post)


def _matured_at(session: Session, post: Post) -> datetime:
    horizon = session.get_one(Community, post.community_id).horizon_seconds
    return post.posted_at + timedelta(seconds=horizon)


def guess_of(session: Session, post_id: int, platform: PlatformName, person: str) -> Guess | None:
    """The guess that a person (the keyed hash of their id) made on a post, if they made one."""
    query = (
        select(Guess)
        .join(Author, Author.id == Guess.author_id)
        .where(Guess.post_id == post_id, Author.platform == platform, Author.hash == person)
    )
    found: Guess | None = session.scalar(query)
    return found


async def guess_tally(session: AsyncSession, post_id: int) -> dict[Bucket, int]:
    """How many people guessed each bucket on a post; buckets nobody guessed count 0."""
    query = (
        select(Guess.bucket, func.count().label("people"))
        .where(Guess.post_id == post_id, Guess.held.is_(None))
        .group_by(Guess.bucket)
    )
    counted = {row.bucket: row.people for row in await session.execute(query)}
    return {bucket: counted.get(bucket, 0) for bucket in Bucket}


def close_at_score(
    session: Session, post_id: int, guess_score: int | None, score: float, at: datetime
) -> bool:
    """Close guessing on a post whose score reached its community's bound; return whether it did.

    Needs a write session. Guesses that were made before stay, and none can be changed.

    Args:
        session: a write session.
        post_id: the post.
        guess_score: the community's bound; None: there is none.
        score: the post's score.
        at: the moment of that score.
    """
    if guess_score is None or score < guess_score:
        return False
    closed = session.scalar(
        update(Post)
        .where(Post.id == post_id, Post.guessing_closed_at > at)
        .values(guessing_closed_at=at)
        .returning(Post.id)
    )
    return closed is not None
