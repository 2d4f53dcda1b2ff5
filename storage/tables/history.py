"""Imports of a community's past, as far as they have come."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables.base import Base, Key


class HistoryImport(Base):
    """One import of what was posted in a community before it was watched.

    Where it has come to is written with each post: a process that is killed loses nothing, and
    whoever goes on does nothing twice.
    """

    __tablename__ = "history_imports"
    __table_args__ = (
        # One at a time in each community.
        Index(
            "ix_history_imports_running",
            "community_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    community_id: Mapped[int] = mapped_column(ForeignKey("communities.id", ondelete="CASCADE"))
    asked_at: Mapped[datetime]
    #: What was posted earlier is left out.
    since: Mapped[datetime]
    #: Null: it is under way.
    ended_at: Mapped[datetime | None]
    #: Whoever works on it has it until then; others may go on afterwards.
    claimed_until: Mapped[datetime | None]
    #: Tries in a row that failed.
    tries: Mapped[int] = mapped_column(default=0)
    #: The place (a channel or a thread) that is being read, and the last message read there.
    place: Mapped[str | None] = mapped_column(String(128))
    after: Mapped[str | None] = mapped_column(String(128))
    #: Where the page of a listing begins that is being read: its platform's word, of any length.
    page: Mapped[str | None] = mapped_column(Text)
    #: How many there were, by what became of them: messages, stored, known and so on.
    counts: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)
    #: Where its progress is shown: channel, message, language.
    shown_in: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    #: Why it could not go on, a sentence.
    fault: Mapped[str | None] = mapped_column(Text)
