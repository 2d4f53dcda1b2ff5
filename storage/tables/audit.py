"""Who changed what about how Peoria behaves."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables.base import HEX_SHA256, Base, Key
from storage.types import PlatformName, enum_column


class AuditEntry(Base):
    """One change that somebody made."""

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index("ix_audit_entries_server", "platform", "server", "id"),
        Index("ix_audit_entries_made", "made_at"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    made_at: Mapped[datetime]
    #: Where it was made, null: on the command line; a server is a Discord server, null elsewhere.
    platform: Mapped[PlatformName | None] = mapped_column(enum_column(PlatformName, "platform"))
    server: Mapped[str | None] = mapped_column(String(128))
    #: What it is about; null: about all.
    community_id: Mapped[int | None] = mapped_column(
        ForeignKey("communities.id", ondelete="CASCADE")
    )
    #: The keyed hash of who made it, and their sealed id, until they have their data deleted.
    person: Mapped[str | None] = mapped_column(String(HEX_SHA256))
    sealed_id: Mapped[str | None] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(32))
    #: What was changed to what, by name.
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
