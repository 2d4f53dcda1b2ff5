"""Giving nothing away by a side door: what is kept back of a post is kept back of its picture."""

from datetime import datetime

from sqlalchemy.orm import Session

from bot.league.secrecy import Reader, has_seen, secret_sentence, votes_are_in, why_secret
from bot.serving.duplicates import find_duplicate
from bot.texts.translate import mark
from bot.web.visitors import Visitor
from storage.tables import Post
from storage.types import PlatformName

GUESS_FIRST = mark("People are guessing on this picture here. Guess first, then ask about it.")


def kept_back(
    session: Session, visitor: Visitor, *, community_id: int, phash: str, now: datetime
) -> str | None:
    """Why nothing may be said of a picture to a visitor now, a sentence; None: it may.

    Args:
        session: a read session.
        visitor: who asks.
        community_id: where it would be posted.
        phash: the picture's perceptual hash.
        now: aware.
    """
    seen = find_duplicate(session, community_id=community_id, phash=phash, before=now)
    post = None if seen is None else session.get(Post, seen.post_id)
    if post is None:
        return None
    known = has_seen(session, post.id, PlatformName.WEB, visitor.hash)
    reader = Reader(has_seen=known, alone=True, asked=True)
    secret = why_secret(post, reader, now, votes_are_in=votes_are_in(session, post.id))
    return None if secret is None else secret_sentence(secret) or GUESS_FIRST
