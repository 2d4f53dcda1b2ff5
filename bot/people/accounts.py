"""Accounts: somebody who comes back by a passkey, from any browser, as the same person.

An account has no name and no address. What a browser did before is carried into it: from then on
the account's hash stands for its person, and the browser's cookie alone leads to nothing.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from bot.people.identity import hash_person
from storage.engine.scopes import LOCKED
from storage.queries.communities import find_author
from storage.tables import Account, AuditEntry, Passkey
from storage.types import PlatformName

#: Passkeys that one account may have.
MOST_PASSKEYS = 10
#: How long a link works that lets somebody in who lost their passkeys.
RECOVERY = timedelta(hours=24)
_HANDLE_BYTES = 32
_MOST_NAME = 40

KNOWN_KEY = "This passkey belongs to an account already: sign in with it."
TOO_MANY = f"An account has at most {MOST_PASSKEYS} passkeys; remove one first."
LAST_ONE = "This is the only passkey: without it nobody could sign in again. Add another one first."
NO_SUCH_KEY = "There is no such passkey in your account; it may have been removed."
NO_ACCOUNT = "There is no such account; it may have been deleted."
BAD_NAME = f"A passkey's name is one line of 1 to {_MOST_NAME} characters."


class AccountRefused(Exception):
    """It cannot be done; the message is for the person."""


@dataclass(frozen=True, slots=True)
class NewPasskey:
    """A passkey that a browser made, checked.

    Attributes:
        credential_id: what the authenticator knows it by, base64url.
        public_key: COSE, in CBOR.
        sign_counter: of its first signature, 0 or more.
        name: what its owner calls it.
    """

    credential_id: str
    public_key: bytes
    sign_counter: int
    name: str


def new_handle() -> str:
    """The handle of a new account: 64 random hexadecimal digits."""
    return secrets.token_hex(_HANDLE_BYTES)


def person_id(key: bytes, platform: PlatformName, handle: str) -> str:
    """The platform's id of an account's person: 32 digits that only this installation can tell."""
    return hash_person(key, platform, f"account {handle}")[:32]


def open_account(
    session: Session, passkey: NewPasskey, *, key: bytes, platform: PlatformName, handle: str,
    before: str, since: datetime, now: datetime,
) -> Account:  # fmt: skip
    """Make an account with its first passkey, and carry a person into it. Needs a write session.

    Args:
        session: to write with.
        passkey: its first one.
        key: the people key.
        platform: where the person is.
        handle: as the authenticator stored it.
        before: the keyed hash that stood for the person until now.
        since: when they came first.
        now: aware.

    Raises:
        AccountRefused: the passkey belongs to an account.
    """
    person = hash_person(key, platform, person_id(key, platform, handle))
    account = Account(handle=handle, person=person, since=since, made_at=now)
    session.add(account)
    session.flush()
    add_passkey(session, account.id, passkey, now)
    author = find_author(session, platform, before)
    if author is not None:
        author.hash = person
    session.execute(
        update(AuditEntry).filter_by(platform=platform, person=before).values(person=person)
    )
    return account


def add_passkey(session: Session, account_id: int, passkey: NewPasskey, now: datetime) -> None:
    """Let one more passkey in. Needs a write session.

    Raises:
        AccountRefused: it belongs to an account, there are too many, or its name cannot be used.
    """
    name = clean_name(passkey.name)
    # Locked: it may be deleted at this moment, and its passkeys are counted.
    if session.get(Account, account_id, with_for_update=LOCKED) is None:
        raise AccountRefused(NO_ACCOUNT)
    if session.scalar(select(Passkey.id).filter_by(credential_id=passkey.credential_id)):
        raise AccountRefused(KNOWN_KEY)
    count = select(func.count()).select_from(Passkey).filter_by(account_id=account_id)
    if (session.scalar(count) or 0) >= MOST_PASSKEYS:
        raise AccountRefused(TOO_MANY)
    session.add(
        Passkey(
            account_id=account_id,
            credential_id=passkey.credential_id,
            public_key=passkey.public_key,
            sign_counter=passkey.sign_counter,
            name=name,
            made_at=now,
        )
    )
    session.flush()


def clean_name(name: str) -> str:
    """A passkey's name as it is stored.

    Raises:
        AccountRefused: it is empty, too long, or has characters that cannot be seen.
    """
    name = " ".join(name.split())
    if not name or len(name) > _MOST_NAME or not name.isprintable():
        raise AccountRefused(BAD_NAME)
    return name


def passkeys_of(session: Session, account_id: int) -> Sequence[Passkey]:
    """An account's passkeys, the oldest first."""
    return session.scalars(
        select(Passkey).filter_by(account_id=account_id).order_by(Passkey.id)
    ).all()


def rename_passkey(session: Session, account_id: int, passkey_id: int, name: str) -> None:
    """Call a passkey something else. Needs a write session.

    Raises:
        AccountRefused: it is none of the account's, or the name cannot be used.
    """
    _own_passkey(session, account_id, passkey_id).name = clean_name(name)


def remove_passkey(session: Session, account_id: int, passkey_id: int) -> None:
    """Let a passkey in no more, and end all sessions. Needs a write session that is alone.

    Raises:
        AccountRefused: it is none of the account's, or its last one.
    """
    passkey = _own_passkey(session, account_id, passkey_id)
    if len(passkeys_of(session, account_id)) == 1:
        raise AccountRefused(LAST_ONE)
    session.delete(passkey)
    end_sessions(session, account_id)


def end_sessions(session: Session, account_id: int) -> None:
    """Whoever signed in has to sign in again. Needs a write session."""
    session.execute(
        update(Account).where(Account.id == account_id).values(generation=Account.generation + 1)
    )


def count_signature(session: Session, passkey_id: int, counter: int) -> bool:
    """Note the counter of a signature; whether it is later than the one before.

    One that is not comes from a copy of the key. Needs a write session.
    """
    later = (Passkey.sign_counter < counter) | ((Passkey.sign_counter == 0) & (counter == 0))
    counted = session.scalar(
        update(Passkey)
        .where(Passkey.id == passkey_id, later)
        .values(sign_counter=counter)
        .returning(Passkey.id)
    )
    return counted is not None


@dataclass(frozen=True, slots=True)
class RecoveryToken:
    """What lets somebody into an account once; its text is not stored."""

    text: str = field(repr=False)


def make_recovery(session: Session, account_id: int, now: datetime) -> RecoveryToken:
    """A token that lets somebody into an account once; one of before ends. Needs a write session.

    Raises:
        AccountRefused: there is no such account.
    """
    account = session.get(Account, account_id)
    if account is None:
        raise AccountRefused(NO_ACCOUNT)
    token = RecoveryToken(secrets.token_urlsafe(32))
    account.recovery_hash = _hash(token.text)
    account.recovery_ends_at = now + RECOVERY
    return token


def use_recovery(session: Session, token: str, now: datetime) -> Account | None:
    """Use a token up; its account, whose sessions have ended. None: it is not good (any more).

    Needs a write session.
    """
    found: Account | None = session.scalar(
        update(Account)
        .where(Account.recovery_hash == _hash(token), Account.recovery_ends_at > now)
        .values(recovery_hash=None, recovery_ends_at=None, generation=Account.generation + 1)
        .returning(Account)
    )
    return found


def _own_passkey(session: Session, account_id: int, passkey_id: int) -> Passkey:
    passkey: Passkey | None = session.scalar(
        select(Passkey).filter_by(id=passkey_id, account_id=account_id)
    )
    if passkey is None:
        raise AccountRefused(NO_SUCH_KEY)
    return passkey


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
