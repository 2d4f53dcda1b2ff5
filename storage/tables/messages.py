"""What admins are told, and what people ask the bot for."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables.base import HEX_SHA256, Base, Key
from storage.types import InboxKind, PlatformName, ReplyState, enum_column


class Notice(Base):
    """Something that a community's admins are to be told, once."""

    __tablename__ = "notices"
    __table_args__ = (
        Index(
            "ix_notices_waiting",
            "made_at",
            sqlite_where=text("delivered_at IS NULL"),
            postgresql_where=text("delivered_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    #: Null: it is about all of them.
    community_id: Mapped[int | None] = mapped_column(ForeignKey("communities.id"))
    text: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime]
    delivered_at: Mapped[datetime | None]
    #: Platforms that were told already, and when, while others are still to be told.
    told: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")


class InboxItem(Base):
    """A message that asks the bot for something. Recorded before it is answered, once."""

    __tablename__ = "inbox_items"
    __table_args__ = (
        UniqueConstraint("platform", "source_id"),
        CheckConstraint(
            "state NOT IN ('sent', 'settled') OR answer_id IS NOT NULL", name="answered_has_id"
        ),
        CheckConstraint("(due_at IS NOT NULL) = (state = 'pending')", name="pending_is_due"),
        Index(
            "ix_inbox_items_due",
            "due_at",
            sqlite_where=text("due_at IS NOT NULL"),
            postgresql_where=text("due_at IS NOT NULL"),
        ),
        Index("ix_inbox_items_answered", "community_id", "answered_at"),
        Index("ix_inbox_items_person", "person", "recorded_at"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    platform: Mapped[PlatformName] = mapped_column(enum_column(PlatformName, "platform"))
    #: The platform's id of the message.
    source_id: Mapped[str] = mapped_column(String(128))
    kind: Mapped[InboxKind] = mapped_column(enum_column(InboxKind, "inbox_kind"))
    #: The keyed hash of who wrote it, until they have their data deleted; and when they did.
    person: Mapped[str | None] = mapped_column(String(HEX_SHA256))
    sent_at: Mapped[datetime | None]
    #: Where it was written, if the community is known.
    community_id: Mapped[int | None] = mapped_column(ForeignKey("communities.id"))
    #: The platform's id of the post that it was written under, or of the moderators' conversation.
    post_source_id: Mapped[str | None] = mapped_column(String(128))
    state: Mapped[ReplyState] = mapped_column(enum_column(ReplyState, "reply_state"))
    #: The platform's id of the answer.
    answer_id: Mapped[str | None] = mapped_column(String(128))
    recorded_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0, server_default="0")
    #: Why nothing was answered, a sentence.
    reason: Mapped[str | None] = mapped_column(Text)
