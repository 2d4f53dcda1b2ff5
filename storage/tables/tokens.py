"""What lets programs in: tokens of the API."""

from datetime import datetime

from sqlalchemy import JSON, CheckConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables.base import HEX_SHA256, Base, Key


class ApiToken(Base):
    """A token of the API, known only by its hash: it was shown once."""

    __tablename__ = "api_tokens"
    __table_args__ = (CheckConstraint(f"length(hash) = {HEX_SHA256}", name="hash_length"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    #: SHA-256 of the token, which is random: nobody can guess what it is of.
    hash: Mapped[str] = mapped_column(String(HEX_SHA256), unique=True)
    #: What it may be used for.
    scopes: Mapped[list[str]] = mapped_column(JSON)
    created_at: Mapped[datetime]
    #: Null: it ends only when it is revoked.
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    #: To the hour; null: never.
    last_used_at: Mapped[datetime | None]
