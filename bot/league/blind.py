"""Who viewed a blind post's prediction before guessing: their guess on it is no longer blind."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.engine.database import Database
from storage.engine.scopes import person_scope
from storage.engine.upsert import insert_if_new
from storage.queries.communities import find_or_add_author
from storage.tables import Author, Peek
from storage.types import PlatformName


async def note_view(
    database: Database, *, post_id: int, platform: PlatformName, person: str, now: datetime
) -> None:
    """Remember that a person (the keyed hash of their id) is shown the prediction of a post.

    Call it before showing: what cannot be remembered must not be shown.
    """

    def note(session: Session) -> None:
        author = find_or_add_author(session, platform, person)
        insert_if_new(session, Peek, post_id=post_id, author_id=author.id, peeked_at=now)

    await database.run_write(note, alone_in=[person_scope(platform, person)])


def has_viewed(session: Session, *, post_id: int, platform: PlatformName, person: str) -> bool:
    """Whether a person was shown the prediction of a post."""
    query = (
        select(Peek.post_id)
        .join(Author, Author.id == Peek.author_id)
        .where(Peek.post_id == post_id, Author.platform == platform, Author.hash == person)
    )
    return session.scalar(query) is not None
