"""New visitors of the board within the last hour, and who takes part in a post from where."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables.base import Base, Key


class Newcomer(Base):
    """A cookie that was given: where to, as keyed hashes, for an hour."""

    __tablename__ = "newcomers"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    household: Mapped[str] = mapped_column(String(64))
    network: Mapped[str] = mapped_column(String(64))
    came_at: Mapped[datetime] = mapped_column(index=True)
    #: Which process gave it, a random number of its start.
    writer: Mapped[str] = mapped_column(String(32), default="", server_default="")


class Participant(Base):
    """Somebody who votes or guesses on a post, and from where, until voting on it ends."""

    __tablename__ = "participants"
    __table_args__ = (Index("ix_participants_ends", "ends_at"),)

    post_id: Mapped[int] = mapped_column(
        ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True
    )
    #: A keyed hash of their addresses, another one for each post.
    household: Mapped[str] = mapped_column(String(64), primary_key=True)
    author_id: Mapped[int] = mapped_column(
        ForeignKey("authors.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    ends_at: Mapped[datetime]
