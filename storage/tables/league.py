"""Guesses, and the sums that boards and curves are read from."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables.base import Base, Key
from storage.types import Bucket, ForecasterKind, VoteHold, enum_column


class Guess(Base):
    """One person's guess on one post."""

    __tablename__ = "guesses"
    __table_args__ = (UniqueConstraint("post_id", "author_id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"))
    author_id: Mapped[int] = mapped_column(ForeignKey("authors.id"), index=True)
    bucket: Mapped[Bucket] = mapped_column(enum_column(Bucket, "bucket"))
    guessed_at: Mapped[datetime]
    #: The guesser had not been shown the prediction.
    blind: Mapped[bool]
    points: Mapped[float | None]
    #: Why it is held back and earns nothing; null: it counts.
    held: Mapped[VoteHold | None] = mapped_column(enum_column(VoteHold, "held"))
    #: The base rate of the guessed bucket when it was scored, 0 to 1.
    base_rate: Mapped[float | None]


class Peek(Base):
    """A person was shown the prediction of a blind post before guessing closed."""

    __tablename__ = "peeks"

    post_id: Mapped[int] = mapped_column(
        ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True
    )
    author_id: Mapped[int] = mapped_column(
        ForeignKey("authors.id"), primary_key=True, autoincrement=False
    )
    peeked_at: Mapped[datetime]


class Standing(Base):
    """A forecaster's sums over one season in one community, or everywhere (community 0).

    They grow in the label's own transaction, so that a board is read without counting posts.
    """

    __tablename__ = "standings"
    __table_args__ = (
        CheckConstraint("n > 0 AND blind_n <= n AND hits <= n", name="counts_in_order"),
        # With all that ranks and the sums of a channel go by, so that both are read from the index
        # alone: in the order of points, the table would be read here and there.
        Index(
            "ix_standings_points",
            "season",
            "community_id",
            "kind",
            "points",
            "n",
            "forecaster_id",
            "hits",
            "expected_hits",
        ),
        Index("ix_standings_forecaster", "kind", "forecaster_id"),
    )

    #: ``2026-11`` for a month, ``all`` for all time.
    season: Mapped[str] = mapped_column(String(16), primary_key=True)
    community_id: Mapped[int] = mapped_column(Key, primary_key=True)
    kind: Mapped[ForecasterKind] = mapped_column(
        enum_column(ForecasterKind, "forecaster_kind"), primary_key=True
    )
    #: An author's or a model version's id.
    forecaster_id: Mapped[int] = mapped_column(Key, primary_key=True)
    n: Mapped[int]
    hits: Mapped[int]
    #: Sum of the base rates of the buckets guessed: hits that chance would have brought.
    expected_hits: Mapped[float]
    points: Mapped[float]
    points_squared: Mapped[float]
    #: The same over blind guesses only, on posts that the bot was scored on: what is compared.
    blind_n: Mapped[int] = mapped_column(default=0)
    blind_hits: Mapped[int] = mapped_column(default=0)
    blind_expected_hits: Mapped[float] = mapped_column(default=0.0)
    blind_points: Mapped[float] = mapped_column(default=0.0)
    #: How the bot did on the very posts of the blind guesses.
    bot_hits: Mapped[int] = mapped_column(default=0)
    bot_points: Mapped[float] = mapped_column(default=0.0)
    #: Right guesses in a row: now, and at most.
    streak: Mapped[int]
    best_streak: Mapped[int]
    #: Sums of proper scores; zero for people, who give no distribution.
    log_sum: Mapped[float] = mapped_column(default=0.0)
    rps_sum: Mapped[float] = mapped_column(default=0.0)
    base_rps_sum: Mapped[float] = mapped_column(default=0.0)
    brier_sum: Mapped[float] = mapped_column(default=0.0)
    updated_at: Mapped[datetime]


class CommunityGuesses(Base):
    """People's guesses in one community over one season: the sums of their standings there."""

    __tablename__ = "community_guesses"

    #: As in `Standing`.
    season: Mapped[str] = mapped_column(String(16), primary_key=True)
    community_id: Mapped[int] = mapped_column(ForeignKey("communities.id"), primary_key=True)
    n: Mapped[int]
    hits: Mapped[int]
    expected_hits: Mapped[float]


class DailyScore(Base):
    """How one model version did in one community on the labels of one day (UTC), as sums."""

    __tablename__ = "daily_scores"

    day: Mapped[date] = mapped_column(primary_key=True)
    community_id: Mapped[int] = mapped_column(ForeignKey("communities.id"), primary_key=True)
    model_version_id: Mapped[int] = mapped_column(ForeignKey("model_versions.id"), primary_key=True)
    n: Mapped[int]
    hits: Mapped[int]
    expected_hits: Mapped[float]
    rps_sum: Mapped[float]
    base_rps_sum: Mapped[float]
    #: Sum of (base RPS − RPS)², for intervals of the skill.
    gain_squared_sum: Mapped[float]
    log_sum: Mapped[float]
    base_log_sum: Mapped[float]
    brier_sum: Mapped[float]


class DailyLabel(Base):
    """The labels of one community and day (UTC): all, those answered, those silent by chance.

    Scores are summed as log(1 + max(score, 0)): a few posts that go round the world do not drown
    the rest.
    """

    __tablename__ = "daily_labels"

    day: Mapped[date] = mapped_column(primary_key=True)
    community_id: Mapped[int] = mapped_column(ForeignKey("communities.id"), primary_key=True)
    #: All of them, with those that were not answered for another reason than chance.
    n: Mapped[int] = mapped_column(default=0, server_default="0")
    spoken_n: Mapped[int]
    spoken_sum: Mapped[float]
    spoken_squared: Mapped[float]
    silent_n: Mapped[int]
    silent_sum: Mapped[float]
    silent_squared: Mapped[float]
