"""Scores of posts over time: readings, second looks, and the label at the horizon."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, desc
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables.base import Base
from storage.types import Bucket, Measure, enum_column


class Snapshot(Base):
    """A score with its time."""

    __tablename__ = "snapshots"
    __table_args__ = (CheckConstraint("age_seconds >= 0", name="age_not_negative"),)

    post_id: Mapped[int] = mapped_column(
        ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True
    )
    #: The age that was due (seconds); ``age_seconds`` is the one that was met.
    reading: Mapped[int] = mapped_column(primary_key=True)
    age_seconds: Mapped[float]
    taken_at: Mapped[datetime]
    score: Mapped[float]
    #: What Reddit tells besides: number of comments, share of upvotes (0 to 1).
    comments: Mapped[int | None]
    upvote_ratio: Mapped[float | None]


class Nowcast(Base):
    """A second look at the final score from an early snapshot; it never enters a prediction."""

    __tablename__ = "nowcasts"
    __table_args__ = (
        CheckConstraint(
            "score_p10 <= score_median AND score_median <= score_p90", name="quantiles_in_order"
        ),
    )

    post_id: Mapped[int] = mapped_column(
        ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True
    )
    reading: Mapped[int] = mapped_column(primary_key=True)
    made_at: Mapped[datetime]
    score_p10: Mapped[float]
    score_median: Mapped[float]
    score_p90: Mapped[float]


class PostMeasures(Base):
    """Every measure of a post's popularity at its horizon, whatever it is judged by."""

    __tablename__ = "post_measures"

    post_id: Mapped[int] = mapped_column(
        ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    community_id: Mapped[int] = mapped_column(ForeignKey("communities.id"), index=True)
    taken_at: Mapped[datetime]
    score: Mapped[float]
    #: Null: its platform does not tell.
    comments: Mapped[int | None]
    upvote_ratio: Mapped[float | None]
    #: Different people who reacted or voted, its author and bots left out.
    reactors: Mapped[int | None]
    guesses: Mapped[int]
    #: How often somebody opened its page; null: it is not on the board.
    views: Mapped[int | None]


class WaitingScore(Base):
    """A final score that waits until its community has others to compare it with; no label yet."""

    __tablename__ = "waiting_scores"
    __table_args__ = (Index("ix_waiting_scores_community", "community_id", "score"),)

    post_id: Mapped[int] = mapped_column(
        ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    community_id: Mapped[int] = mapped_column(ForeignKey("communities.id"))
    #: At the horizon, as the label will have it: of the measure that the community is judged by.
    score: Mapped[float]
    #: When it became final: the post's time plus the horizon.
    matured_at: Mapped[datetime]
    #: How many different scores the post's reply says are missing; null while it says nothing.
    shown_missing: Mapped[int | None]


class Label(Base):
    """The score at the horizon and its percentile among the community's recent labels."""

    __tablename__ = "labels"
    __table_args__ = (
        CheckConstraint(
            "percentile_low >= 0 AND percentile_low < percentile_high AND percentile_high <= 1",
            name="percentile_interval",
        ),
        # With all that the trailing window and the community's record are read for, so that they
        # are read from the index alone.
        Index(
            "ix_labels_community_matured",
            "community_id",
            "matured_at",
            "score",
            "bucket",
            "percentile_low",
            "percentile_high",
            "measure",
        ),
        Index("ix_labels_matured_at", "matured_at", "score", postgresql_include=["post_id"]),
        # The best of all time.
        Index("ix_labels_score", "score").ddl_if("sqlite"),
        # Posts by what became of them, page by page.
        Index("ix_labels_community_top", "community_id", "score", "post_id"),
        Index("ix_labels_community_rps", "community_id", "rps", "post_id"),
        Index("ix_labels_community_log", "community_id", "log_score", "post_id"),
        # PostgreSQL reads a tie through before it sorts it, and a score may be that of thousands:
        # here in the order of the board, and with what it is narrowed by.
        Index(
            "ix_labels_community_best", "community_id", desc("score"), "post_id", "matured_at"
        ).ddl_if("postgresql"),
        Index("ix_labels_best", desc("score"), "post_id", "matured_at").ddl_if("postgresql"),
    )

    post_id: Mapped[int] = mapped_column(
        ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True
    )
    community_id: Mapped[int] = mapped_column(ForeignKey("communities.id"))
    #: Of the measure that the community was judged by.
    score: Mapped[float]
    measure: Mapped[Measure] = mapped_column(
        enum_column(Measure, "measure"), default=Measure.SCORE, server_default="score"
    )
    #: The whole interval that posts of this score cover (ties share it).
    percentile_low: Mapped[float]
    percentile_high: Mapped[float]
    #: How many other scores it was ranked among; null: of before this was kept.
    others: Mapped[int | None]
    bucket: Mapped[Bucket] = mapped_column(enum_column(Bucket, "bucket"))
    #: When the score became final: the post's time plus the horizon.
    matured_at: Mapped[datetime]
    #: What the prediction that people were shown scored; null where there was none in time.
    rps: Mapped[float | None]
    log_score: Mapped[float | None]
    #: No two labels that scored anything have the same: streaks go by it.
    written_at: Mapped[datetime] = mapped_column(index=True)
