"""Digests that servers asked for, and when each is sent."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables.base import Base, Key
from storage.types import PlatformName, enum_column


class Digest(Base):
    """What happened in the communities of one server, told there every day or week."""

    __tablename__ = "digests"
    __table_args__ = (
        UniqueConstraint("platform", "server"),
        CheckConstraint("weekday >= 0 AND weekday < 7", name="weekday_range"),
        CheckConstraint("minute >= 0 AND minute < 1440", name="minute_range"),
        Index("ix_digests_due", "due_at"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    platform: Mapped[PlatformName] = mapped_column(enum_column(PlatformName, "platform"))
    #: The platform's ids of the server, and of the channel in which it is told.
    server: Mapped[str] = mapped_column(String(128))
    channel: Mapped[str] = mapped_column(String(128))
    #: Monday is 0; null: every day.
    weekday: Mapped[int | None]
    #: Of the day, by the clocks of ``time_zone``.
    minute: Mapped[int]
    time_zone: Mapped[str] = mapped_column(String(64))
    #: When the next one is due; what was final before belongs to it.
    due_at: Mapped[datetime]
    #: Whoever sends it has it until then.
    claimed_until: Mapped[datetime | None]
    #: When somebody first began to send the one that is due: it may have been sent since.
    begun_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)
    #: The message of the last one, and when it was sent.
    source_id: Mapped[str | None] = mapped_column(String(128))
    sent_at: Mapped[datetime | None]
    #: Why the last one was not sent, a sentence.
    fault: Mapped[str | None] = mapped_column(Text)
