"""Programs elsewhere that are told of events, and what they are still to be told."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables.base import Base, Key


class Webhook(Base):
    """An address that is told of some kinds of events."""

    __tablename__ = "webhooks"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    url: Mapped[str] = mapped_column(Text)
    #: What its secret is made of, together with the people key: the secret itself is not stored.
    salt: Mapped[str] = mapped_column(String(64))
    #: Kinds of events.
    events: Mapped[list[str]] = mapped_column(JSON)
    created_at: Mapped[datetime]
    #: When it was given up; null: it is told.
    ended_at: Mapped[datetime | None]
    #: When it last took a message, and why it last did not, a sentence.
    answered_at: Mapped[datetime | None]
    fault: Mapped[str | None] = mapped_column(Text)


class WebhookMessage(Base):
    """One event for one webhook, written in the transaction of the event."""

    __tablename__ = "webhook_messages"
    __table_args__ = (
        Index(
            "ix_webhook_messages_due",
            "due_at",
            sqlite_where=text("due_at IS NOT NULL"),
            postgresql_where=text("due_at IS NOT NULL"),
        ),
        Index("ix_webhook_messages_made", "made_at"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    webhook_id: Mapped[int] = mapped_column(ForeignKey("webhooks.id", ondelete="CASCADE"))
    #: The same for every try, so that the receiver knows what it has.
    message_id: Mapped[str] = mapped_column(String(40))
    #: JSON.
    body: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime]
    #: When it is sent; while somebody sends it, when others may. Null: it is done.
    due_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)
