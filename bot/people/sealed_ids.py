"""Ids of people who play in the league, kept so that boards can name them after a restart.

An id is sealed with the people key: without that key nobody can read it, and it is no hash that
could be guessed at. It goes with an opt-out and with everything else that is deleted of a person.
"""

import hashlib
import hmac

from sqlalchemy import bindparam, update
from sqlalchemy.orm import Session

from bot.people.identity import hash_person
from storage.engine.core_tables import table_of
from storage.tables import Author
from storage.types import PlatformName

_AUTHORS = table_of(Author)
_KEEP = update(_AUTHORS).where(
    _AUTHORS.c.platform == bindparam("on"),
    _AUTHORS.c.hash == bindparam("person"),
    _AUTHORS.c.opted_out_at.is_(None),
)

#: Bytes of the longest id: those of the pad.
_LONGEST = 32


def seal_id(key: bytes, platform: PlatformName, source_id: str) -> str:
    """A person's id on a platform as it is stored, hexadecimal digits.

    Each person has a pad of their own, made from the key and their hash, and no other id is ever
    sealed with it.

    Raises:
        ValueError: the id has more than 32 bytes.
    """
    plain = source_id.encode()
    if len(plain) > _LONGEST:
        raise ValueError("an id that is too long to be sealed")
    pad = _pad(key, hash_person(key, platform, source_id))
    return bytes(a ^ b for a, b in zip(plain, pad, strict=False)).hex()


def open_id(key: bytes, platform: PlatformName, person: str, sealed: str) -> str | None:
    """The id that was sealed for a person; None where it was sealed with another key."""
    pad = _pad(key, person)
    plain = bytes(a ^ b for a, b in zip(bytes.fromhex(sealed), pad, strict=False))
    source_id = plain.decode("utf-8", "replace")
    return source_id if hash_person(key, platform, source_id) == person else None


def keep_id(session: Session, platform: PlatformName, person: str, sealed: str) -> None:
    """Keep the sealed id of a person who plays and did not opt out. Needs a write session."""
    session.execute(_KEEP, {"on": platform, "person": person, "sealed_id": sealed})


def _pad(key: bytes, person: str) -> bytes:
    return hmac.new(key, f"id of {person}".encode(), hashlib.sha256).digest()
