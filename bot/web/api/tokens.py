"""Tokens of the API: made on this machine, shown once, stored as hashes."""

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.errors import ExpectedError
from storage.tables import ApiToken

#: How a token begins, so that people and scanners of code see what it is.
PREFIX = "peoria_"
_LOOKS_RIGHT = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{43}}")
#: The last use is noted no more often than this.
_NOTED_EVERY = timedelta(hours=1)
_MOST_NAME = 80


class Scope(StrEnum):
    """What a token may be used for."""

    READ = "read"
    PREDICT = "predict"
    POST = "post"
    GUESS = "guess"
    VOTE = "vote"
    METRICS = "metrics"


class TokenRefused(ExpectedError):
    """A token cannot be made or revoked; the message says why."""


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token that was just made: its text is not stored, and cannot be shown again."""

    row: ApiToken
    text: str = field(repr=False)


def create_token(
    session: Session, name: str, scopes: Sequence[Scope], *, now: datetime, days: int | None
) -> NewToken:
    """Make a token. Needs a write session.

    Args:
        session: to write with.
        name: what people call it, one line of 1 to 80 characters.
        scopes: what it may be used for, at least one.
        now: aware.
        days: how long it can be used; None: until it is revoked.

    Raises:
        TokenRefused: the name cannot be used, or there is no scope.
    """
    name = " ".join(name.split())
    if not name or len(name) > _MOST_NAME or not name.isprintable():
        raise TokenRefused(f"A token's name is one line of 1 to {_MOST_NAME} characters.")
    if not scopes:
        raise TokenRefused(f"Say what the token is for: {', '.join(Scope)}.")
    text = PREFIX + secrets.token_urlsafe(32)
    row = ApiToken(
        name=name,
        hash=_hash(text),
        scopes=[scope.value for scope in Scope if scope in scopes],
        created_at=now,
        expires_at=None if days is None else now + timedelta(days=days),
    )
    session.add(row)
    session.flush()
    return NewToken(row, text)


def list_tokens(session: Session) -> Sequence[ApiToken]:
    """All tokens, the oldest first."""
    return session.scalars(select(ApiToken).order_by(ApiToken.id)).all()


def revoke_token(session: Session, token_id: int, now: datetime) -> ApiToken:
    """End a token for good. Needs a write session. No harm if it was revoked before.

    Raises:
        TokenRefused: there is none with this number.
    """
    row = session.get(ApiToken, token_id)
    if row is None:
        raise TokenRefused(f"There is no token {token_id}: `main.py token list` shows them.")
    row.revoked_at = row.revoked_at or now
    return row


def find_token(session: Session, text: str, now: datetime) -> ApiToken | None:
    """The token that somebody sent; None: it was never made, is revoked, or has ended."""
    if _LOOKS_RIGHT.fullmatch(text) is None:
        return None
    row: ApiToken | None = session.scalar(select(ApiToken).filter_by(hash=_hash(text)))
    if row is None or row.revoked_at is not None:
        return None
    return None if row.expires_at is not None and row.expires_at <= now else row


def is_use_to_note(token: ApiToken, now: datetime) -> bool:
    """Whether its last use was noted so long ago that this one is noted, too."""
    return token.last_used_at is None or token.last_used_at + _NOTED_EVERY <= now


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
