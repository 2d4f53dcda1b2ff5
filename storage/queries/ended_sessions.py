"""Sessions that were ended before their time."""

import hashlib
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from storage.engine.upsert import insert_if_new
from storage.tables import EndedSession


def end_session(session: Session, text: str, *, ends_at: datetime, now: datetime) -> None:
    """Make a session no good from now on, in every copy of its cookie.

    Args:
        session: of the database, open for writing.
        text: what the cookie says.
        ends_at: when it would have ended by itself.
        now: sessions that are over by themselves need no row.
    """
    session.execute(delete(EndedSession).where(EndedSession.ends_at <= now))
    # A button that is pressed twice ends it in two transactions at once.
    insert_if_new(session, EndedSession, hash=_digest(text), ends_at=ends_at)


def has_ended(session: Session, text: str) -> bool:
    """Whether a session was ended."""
    return session.get(EndedSession, _digest(text)) is not None


def ended_among(session: Session, texts: Collection[str]) -> set[str]:
    """Those of some sessions that were ended, by what their cookies say."""
    by_digest = {_digest(text): text for text in texts}
    found = session.scalars(select(EndedSession.hash).where(EndedSession.hash.in_(by_digest)))
    return {by_digest[each] for each in found}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
