"""Accounts on the board, and the passkeys that let their people in."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables.base import HEX_SHA256, Base, Key

#: Characters of a credential id: 1023 bytes at most, in base64url.
_CREDENTIAL_ID = 1364


class Account(Base):
    """Somebody who can come back from any browser; no name, no address, no password."""

    __tablename__ = "accounts"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    #: 32 random bytes, as hexadecimal digits: what passkeys know the account by.
    handle: Mapped[str] = mapped_column(String(64), unique=True)
    #: The keyed hash that stands for the person, as in `Author.hash`.
    person: Mapped[str] = mapped_column(String(HEX_SHA256), unique=True)
    #: When the board first met them, which may be before the account.
    since: Mapped[datetime]
    made_at: Mapped[datetime]
    #: Sessions of an earlier generation have ended.
    generation: Mapped[int] = mapped_column(default=0)
    #: SHA-256 of the token of a link that lets them in once, and until when.
    recovery_hash: Mapped[str | None] = mapped_column(String(HEX_SHA256), unique=True)
    recovery_ends_at: Mapped[datetime | None]


class Passkey(Base):
    """A key of an account: what its signatures are checked with."""

    __tablename__ = "passkeys"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    account_id: Mapped[int] = mapped_column(
        ForeignKey("accounts.id", ondelete="CASCADE"), index=True
    )
    credential_id: Mapped[str] = mapped_column(String(_CREDENTIAL_ID), unique=True)
    #: COSE, as the authenticator gave it.
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    #: Of its newest signature; 0: it does not count.
    sign_counter: Mapped[int] = mapped_column(BigInteger)
    #: What its owner calls it.
    name: Mapped[str] = mapped_column(String(40))
    made_at: Mapped[datetime]


class EndedSession(Base):
    """A session of the admin or of an account that was ended before its time: a copy is no good."""

    __tablename__ = "ended_sessions"
    __table_args__ = (Index("ix_ended_sessions_ends", "ends_at"),)

    #: SHA-256 of what the cookie says.
    hash: Mapped[str] = mapped_column(String(HEX_SHA256), primary_key=True)
    #: When it would have ended by itself; the row is of no use after that.
    ends_at: Mapped[datetime]


class PasskeyChallenge(Base):
    """What a browser was asked to sign, until it does, once."""

    __tablename__ = "passkey_challenges"
    __table_args__ = (Index("ix_passkey_challenges_ends", "ends_at"),)

    #: The keyed hash of the browser's cookie.
    browser: Mapped[str] = mapped_column(String(HEX_SHA256), primary_key=True)
    #: What for: to sign in, a new account, or one more passkey of an account.
    purpose: Mapped[str] = mapped_column(String(32), primary_key=True)
    challenge: Mapped[bytes] = mapped_column(LargeBinary)
    #: The handle that a new account will have.
    handle: Mapped[str | None] = mapped_column(String(64))
    ends_at: Mapped[datetime]
