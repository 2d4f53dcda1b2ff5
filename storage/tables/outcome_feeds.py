"""Who is told of outcomes where they read them: servers in a channel, people by direct message."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables.base import Base, Key
from storage.types import PlatformName, enum_column


class OutcomeFeed(Base):
    """Outcomes of one server's posts told there, or of one person's posts and guesses, to them."""

    __tablename__ = "outcome_feeds"
    __table_args__ = (
        UniqueConstraint("platform", "server"),
        UniqueConstraint("author_id"),
        CheckConstraint("(server IS NULL) <> (author_id IS NULL)", name="one_reader"),
        CheckConstraint("(server IS NULL) = (channel IS NULL)", name="channel_of_server"),
        Index("ix_outcome_feeds_due", "due_at"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    platform: Mapped[PlatformName] = mapped_column(enum_column(PlatformName, "platform"))
    #: The platform's ids of the server and of the channel there; null: it is a person's.
    server: Mapped[str | None] = mapped_column(String(128))
    channel: Mapped[str | None] = mapped_column(String(128))
    #: Whose it is; null: it is a server's.
    author_id: Mapped[int | None] = mapped_column(ForeignKey("authors.id", ondelete="CASCADE"))
    #: The locale in which a person is told.
    locale: Mapped[str | None] = mapped_column(String(16))
    #: Labels that were written until then were told.
    told_until: Mapped[datetime]
    due_at: Mapped[datetime]
    #: Whoever sends has it until then.
    claimed_until: Mapped[datetime | None]
    #: What may have been sent: since when, up to which label (null: a season's end).
    begun_at: Mapped[datetime | None]
    begun_until: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)
    #: Why nothing can be told now, a sentence.
    fault: Mapped[str | None] = mapped_column(Text)
    #: The last season whose end was told, or that had ended before; null: a person's.
    season: Mapped[str | None] = mapped_column(String(16))
    #: The platform's id of the role that the season's winner gets, and who has it now.
    winner_role: Mapped[str | None] = mapped_column(String(128))
    winner_id: Mapped[int | None] = mapped_column(ForeignKey("authors.id", ondelete="SET NULL"))
