"""Where a post on the board is on its way, and what a visitor may do with it there."""

from datetime import datetime
from typing import Literal, TypeAlias

from bot.league.guesses import CLOSED as GUESSING_CLOSED
from bot.league.guesses import NOTHING_TO_GUESS
from bot.league.guesses import OWN_POST as OWN_GUESS
from bot.league.secrecy import Secret
from bot.texts.translate import mark
from bot.web.votes import CLOSED, NOT_OPEN, OWN_POST
from storage.tables import Post
from storage.types import PlatformName, PostState

ELSEWHERE = mark("People vote and guess on this post where it was posted.")

Stage: TypeAlias = Literal[
    "looking",  # not predicted yet
    "predicted",
    "secret",  # the prediction is kept secret until the votes are in
    "blind",  # kept from the visitor until they guess, or guessing closes
    "counting",  # past the horizon, its label not written yet
    "waiting",  # its score is final, and waits for others to be compared with
    "final",
    "refused",
    "withdrawn",
]


def guess_refusal(post: Post, *, own: bool, is_open: bool) -> str | None:
    """Why a visitor cannot guess, a sentence; None if they can.

    Args:
        own: whether the post is theirs.
        is_open: whether guessing is open.
    """
    if post.platform is not PlatformName.WEB:
        return ELSEWHERE
    if post.state in (PostState.REFUSED, PostState.WITHDRAWN):
        return NOTHING_TO_GUESS
    if own:
        return OWN_GUESS
    return None if is_open else GUESSING_CLOSED


def stage_of(
    post: Post, horizon_at: datetime, now: datetime, *, secret: Secret | None, waits: bool
) -> Stage:
    """Where a post (with its label loaded) is now.

    Args:
        secret: why the prediction is kept from the visitor; None where it is not.
        waits: whether its score is final and waits for others.
    """
    if post.state is PostState.REFUSED:
        return "refused"
    if post.state is PostState.WITHDRAWN:
        return "withdrawn"
    if post.label is not None:
        return "final"
    if post.state in (PostState.SEEN, PostState.PREDICTED):
        return "looking"
    if waits:
        return "waiting"
    if now >= horizon_at:
        return "counting"
    if secret is None:
        return "predicted"
    return "blind" if secret is Secret.GUESS_FIRST else "secret"


def vote_refusal(post: Post, author_id: int | None, *, closed: bool) -> str | None:
    """Why a visitor cannot vote, a sentence; None if they can.

    Args:
        author_id: the visitor's, if they have one.
        closed: whether the horizon is past.
    """
    if post.platform is not PlatformName.WEB:
        return ELSEWHERE
    if post.state in (PostState.REFUSED, PostState.WITHDRAWN):
        return NOT_OPEN
    if closed or post.label is not None:
        return CLOSED
    return OWN_POST if author_id is not None and post.author_id == author_id else None
