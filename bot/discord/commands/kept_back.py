"""Giving nothing away by a side door: what is kept back under a post is kept back of its image."""

from datetime import datetime

from sqlalchemy.orm import Session

from bot.discord.ui.error_replies import Refused
from bot.league.secrecy import Reader, Secret, has_seen, votes_are_in, why_secret
from bot.serving.duplicates import Duplicate
from storage.tables import Post
from storage.types import PlatformName


def check_kept_back(
    session: Session, person: str, seen: Duplicate | None, now: datetime, *, ephemeral: bool
) -> None:
    """Refuse to answer about an image while the prediction of its post is kept back.

    Args:
        session: a read session.
        person: the keyed hash of who asks.
        seen: the post of the same image; None: there is none.
        now: aware.
        ephemeral: whether only the person who asks sees the answer.

    Raises:
        Refused: the prediction is kept from this person, or from the others, for now.
    """
    post = None if seen is None else session.get(Post, seen.post_id)
    if post is None:
        return
    reader = Reader(
        has_seen=has_seen(session, post.id, PlatformName.DISCORD, person),
        alone=ephemeral,
        asked=True,
    )
    secret = why_secret(post, reader, now, votes_are_in=votes_are_in(session, post.id))
    if secret is Secret.SILENT_SHARE:
        raise Refused("predict.kept_secret")
    if secret is Secret.GUESS_FIRST:
        raise Refused("predict.guess_first")
