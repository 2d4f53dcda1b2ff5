"""What browsers were asked to sign: each for one browser and one purpose, and taken once."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import delete, insert
from sqlalchemy.orm import Session

from storage.tables import PasskeyChallenge

#: How long somebody may look for their finger or their key.
LASTS = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Challenge:
    """What is to be signed, random bytes, and the handle of the account that is to be made."""

    bytes: bytes = field(repr=False)
    handle: str | None


def put_challenge(
    session: Session, browser: str, purpose: str, challenge: Challenge, now: datetime
) -> None:
    """Remember what a browser was asked; what it was asked before for this purpose ends.

    Needs a write session that is alone in the browser's `person_scope`.
    """
    session.execute(delete(PasskeyChallenge).filter_by(browser=browser, purpose=purpose))
    session.execute(
        insert(PasskeyChallenge).values(
            browser=browser,
            purpose=purpose,
            challenge=challenge.bytes,
            handle=challenge.handle,
            ends_at=now + LASTS,
        )
    )


def take_challenge(
    session: Session, *, browser: str, purpose: str, now: datetime
) -> Challenge | None:
    """What a browser was asked, which is forgotten by that; None: nothing, or too long ago.

    Needs a write session.
    """
    row = session.execute(
        delete(PasskeyChallenge)
        .filter_by(browser=browser, purpose=purpose)
        .returning(PasskeyChallenge.challenge, PasskeyChallenge.handle, PasskeyChallenge.ends_at)
    ).one_or_none()
    return Challenge(row.challenge, row.handle) if row is not None and now < row.ends_at else None


def drop_old(session: Session, now: datetime) -> None:
    """Forget what was never signed. Needs a write session."""
    session.execute(delete(PasskeyChallenge).where(PasskeyChallenge.ends_at <= now))
