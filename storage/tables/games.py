"""What people play beside low, medium and high: duels of two posts, and scores as numbers."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables.base import Base, Key
from storage.types import DuelState, enum_column


class Duel(Base):
    """Two posts of one community, of which one will have the higher score."""

    __tablename__ = "duels"
    __table_args__ = (
        UniqueConstraint("first_post_id", "second_post_id"),
        CheckConstraint("first_post_id < second_post_id", name="posts_in_order"),
        CheckConstraint("(state = 'decided') = (first_won IS NOT NULL)", name="decided_has_winner"),
        Index(
            "ix_duels_untold",
            "community_id",
            sqlite_where=text("told_at IS NULL"),
            postgresql_where=text("told_at IS NULL"),
        ),
        Index("ix_duels_decided", "community_id", "state", "first_won"),
        Index("ix_duels_second_post", "second_post_id"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    community_id: Mapped[int] = mapped_column(ForeignKey("communities.id"))
    #: The older post, and the newer one.
    first_post_id: Mapped[int] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"))
    second_post_id: Mapped[int] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"))
    opened_at: Mapped[datetime]
    state: Mapped[DuelState] = mapped_column(enum_column(DuelState, "duel_state"))
    #: Null: it is not decided.
    first_won: Mapped[bool | None]
    #: The share of the community's duels before that the first post won, when it was decided.
    base_rate: Mapped[float | None]
    #: The platform's ids of the place where it is told, and of the message; null: it is about to be
    #: sent.
    place: Mapped[str] = mapped_column(String(128))
    source_id: Mapped[str | None] = mapped_column(String(128))
    #: When the message said that guessing has closed, and what became of the duel.
    closed_at: Mapped[datetime | None]
    told_at: Mapped[datetime | None]
    #: Tries to send or change the message that failed, and when the next one is due; null: at once.
    tries: Mapped[int] = mapped_column(default=0)
    retry_at: Mapped[datetime | None]


class DuelGuess(Base):
    """One person's guess of which post of a duel wins."""

    __tablename__ = "duel_guesses"

    duel_id: Mapped[int] = mapped_column(
        ForeignKey("duels.id", ondelete="CASCADE"), primary_key=True
    )
    author_id: Mapped[int] = mapped_column(
        ForeignKey("authors.id"), primary_key=True, autoincrement=False, index=True
    )
    #: Whether the older post is said to win.
    first: Mapped[bool]
    guessed_at: Mapped[datetime]
    #: Null: the duel is not decided. A draw earns nothing.
    points: Mapped[float | None]


class ScoreGuess(Base):
    """One person's interval for the final score of a post."""

    __tablename__ = "score_guesses"
    __table_args__ = (
        CheckConstraint("low <= high", name="low_to_high"),
        CheckConstraint("(crps IS NULL) = (base_crps IS NULL)", name="scored_whole"),
    )

    post_id: Mapped[int] = mapped_column(
        ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True
    )
    author_id: Mapped[int] = mapped_column(
        ForeignKey("authors.id"), primary_key=True, autoincrement=False, index=True
    )
    low: Mapped[float]
    high: Mapped[float]
    guessed_at: Mapped[datetime]
    #: The continuous ranked probability score of the interval, and of the community's scores before
    #: it, in votes; null: not scored.
    crps: Mapped[float | None]
    base_crps: Mapped[float | None]
