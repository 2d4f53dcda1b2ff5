"""May a prediction be shown to this person now? Asked by every platform and page, answered here.

A prediction that people see moves their votes and their guesses. So some are kept back for a
while, from everybody or from those who have not guessed.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy.orm import Session

from bot.league.blind import has_viewed
from bot.league.guesses import guess_of, guessing_is_open
from bot.serving.phrases import STILL_SILENT, UNANNOUNCED
from bot.texts.translate import gettext
from storage.tables import Label, Post, WaitingScore
from storage.types import PlatformName, PostState, ReplySkip


class Secret(StrEnum):
    """Why a prediction is kept back."""

    #: The post was taken back: nothing is shown of it.
    GONE = "gone"
    #: In the silent share: what a prediction does to the votes is measured against it.
    SILENT_SHARE = "silent_share"
    #: Its community hears nothing of predictions: replies are paused, or it is in silent mode.
    UNANNOUNCED = "unannounced"
    #: People guess without having seen it.
    GUESS_FIRST = "guess_first"


@dataclass(frozen=True, slots=True)
class Reader:
    """Who would see a prediction.

    Attributes:
        has_seen: they were shown it before, or guessed.
        is_author: the post is theirs, so that they cannot guess.
        alone: nobody else sees the answer.
        asked: they asked for it by a command of their own; pages and replies come unasked.
    """

    has_seen: bool = False
    is_author: bool = False
    alone: bool = True
    asked: bool = False


_SENTENCES = {Secret.SILENT_SHARE: STILL_SILENT, Secret.UNANNOUNCED: UNANNOUNCED}

#: Replies that a community did not want, whoever asks.
_UNANNOUNCED = (ReplySkip.PAUSED, ReplySkip.SILENT_MODE)


def why_secret(post: Post, reader: Reader, now: datetime, *, votes_are_in: bool) -> Secret | None:
    """Why the prediction of a post is kept from a reader now; None where it may be shown.

    Args:
        post: with its community and its reply loaded.
        reader: who would see it.
        now: aware.
        votes_are_in: whether its final score is known.
    """
    if post.state is PostState.WITHDRAWN:
        return Secret.GONE
    if votes_are_in:
        return None
    if post.silent:
        return Secret.SILENT_SHARE
    if not reader.asked and post.reply is not None and post.reply.skip_code in _UNANNOUNCED:
        return Secret.UNANNOUNCED
    knows = (reader.has_seen and reader.alone) or reader.is_author
    if post.community.blind and not knows and may_be_guessed(post, now):
        return Secret.GUESS_FIRST
    return None


def is_open_to_all(post: Post, skip: ReplySkip | None, now: datetime) -> bool:
    """Whether a prediction that is just made may be shown to everybody at once.

    Args:
        post: with its community loaded.
        skip: why it gets no reply; None: it gets one.
        now: aware.
    """
    kept_for_guesses = post.community.blind and may_be_guessed(post, now)
    return not (post.silent or skip in _UNANNOUNCED or kept_for_guesses)


def secret_sentence(secret: Secret) -> str | None:
    """Why a prediction is kept from everybody; None where it is only kept until a guess."""
    sentence = _SENTENCES.get(secret)
    return None if sentence is None else gettext(sentence)


def may_be_guessed(post: Post, now: datetime) -> bool:
    """Whether guessing is open on a post (with its community loaded)."""
    # The horizon may have been made shorter after the closing time was set.
    matures_at = post.posted_at + timedelta(seconds=post.community.horizon_seconds)
    return guessing_is_open(post, now) and now < matures_at


def votes_are_in(session: Session, post_id: int) -> bool:
    """Whether the final score of a post is known, with a label or without one yet."""
    return any(session.get(table, post_id) is not None for table in (Label, WaitingScore))


def has_seen(session: Session, post_id: int, platform: PlatformName, person: str) -> bool:
    """Whether a person (keyed hash of their id) guessed on a post, or was shown its prediction."""
    return guess_of(session, post_id, platform, person) is not None or has_viewed(
        session, post_id=post_id, platform=platform, person=person
    )
