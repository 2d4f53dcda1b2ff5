"""Posts, and what becomes of them: predictions, the reply, readings, the label, votes."""

from datetime import datetime

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    Text,
    UniqueConstraint,
    desc,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from storage.tables.base import Base, Key
from storage.tables.communities import Community
from storage.tables.images import Image
from storage.tables.models import ModelVersion
from storage.types import (
    Bucket,
    PlatformName,
    PostOrigin,
    PostRefusal,
    PostState,
    ReplySkip,
    ReplyState,
    enum_column,
)


class Post(Base):
    """One publication in a community."""

    __tablename__ = "posts"
    __table_args__ = (
        UniqueConstraint("platform", "source_id"),
        ForeignKeyConstraint(
            ["community_id", "platform"], ["communities.id", "communities.platform"]
        ),
        CheckConstraint(
            "origin = 'imported' OR predicted_at IS NOT NULL"
            " OR state NOT IN ('predicted', 'awaiting_score', 'labelled', 'settling')",
            name="predicted_has_time",
        ),
        CheckConstraint(
            "(state = 'refused') = (refusal_code IS NOT NULL)", name="refused_has_reason"
        ),
        CheckConstraint(
            "(refusal IS NOT NULL) = (refusal_code IS NOT NULL AND refusal_code = 'other')",
            name="other_refusal_has_sentence",
        ),
        CheckConstraint(
            "due_at IS NULL OR state NOT IN ('refused', 'withdrawn')",
            name="ended_is_not_due",
        ),
        Index(
            "ix_posts_due",
            "due_at",
            sqlite_where=text("due_at IS NOT NULL"),
            postgresql_where=text("due_at IS NOT NULL"),
        ),
        Index("ix_posts_feed", "community_id", "posted_at"),
        Index("ix_posts_author", "author_id", "community_id"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    community_id: Mapped[int] = mapped_column(Key)
    platform: Mapped[PlatformName] = mapped_column(enum_column(PlatformName, "platform"))
    source_id: Mapped[str] = mapped_column(String(128))
    author_id: Mapped[int | None] = mapped_column(ForeignKey("authors.id"))
    origin: Mapped[PostOrigin] = mapped_column(enum_column(PostOrigin, "origin"))
    title: Mapped[str] = mapped_column(Text)
    #: Where people find the post; null where the platform has no addresses.
    link: Mapped[str | None] = mapped_column(Text)
    posted_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    predicted_at: Mapped[datetime | None]
    state: Mapped[PostState] = mapped_column(enum_column(PostState, "state"))
    #: Why the post cannot be used, or gets no label.
    refusal_code: Mapped[PostRefusal | None] = mapped_column(
        enum_column(PostRefusal, "refusal_code")
    )
    #: The same as a sentence, where the code alone does not say it.
    refusal: Mapped[str | None] = mapped_column(Text)
    #: When the next step is due; null when there is none.
    due_at: Mapped[datetime | None]
    #: Failed tries of the present step (a download that timed out, a platform that was away).
    tries: Mapped[int] = mapped_column(default=0)
    #: In the share that is predicted without a word, to measure what speaking does.
    silent: Mapped[bool]
    #: When guessing closes or closed; null for posts that nobody may guess on.
    guessing_closed_at: Mapped[datetime | None]

    community: Mapped[Community] = relationship(overlaps="platform")
    images: Mapped[list["PostImage"]] = relationship(order_by="PostImage.position")
    prediction_rows: Mapped[list["Prediction"]] = relationship(order_by="Prediction.id")
    label: Mapped["Label | None"] = relationship()
    reply: Mapped["Reply | None"] = relationship()


class PostImage(Base):
    """An image of a post, in its place: first where to find it, later what it became."""

    __tablename__ = "post_images"
    __table_args__ = (
        CheckConstraint("image_id IS NULL OR refusal IS NULL", name="used_or_refused"),
    )

    post_id: Mapped[int] = mapped_column(
        ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True)
    #: ``https://…`` to download, or ``sha256:…`` for bytes that are already in the image store.
    source: Mapped[str] = mapped_column(Text)
    image_id: Mapped[int | None] = mapped_column(ForeignKey("images.id"), index=True)
    refusal: Mapped[str | None] = mapped_column(Text)

    image: Mapped[Image | None] = relationship()


class Prediction(Base):
    """A distribution over the percentile, made by one model version at one time."""

    __tablename__ = "predictions"
    __table_args__ = (
        UniqueConstraint("post_id", "model_version_id"),
        CheckConstraint(
            "p_low >= 0 AND p_medium >= 0 AND p_high >= 0"
            " AND abs(p_low + p_medium + p_high - 1) < 0.0001",
            name="probabilities_sum_to_one",
        ),
        CheckConstraint(
            "(scored_at IS NULL) = (log_score IS NULL) AND (scored_at IS NULL) = (rps IS NULL)"
            " AND (scored_at IS NULL) = (brier IS NULL)",
            name="scored_whole",
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"))
    model_version_id: Mapped[int] = mapped_column(ForeignKey("model_versions.id"), index=True)
    image_id: Mapped[int] = mapped_column(ForeignKey("images.id"))
    made_at: Mapped[datetime]
    #: Probabilities of the ten equal-frequency bins of the percentile, lowest first.
    bins: Mapped[list[float]]
    p_low: Mapped[float]
    p_medium: Mapped[float]
    p_high: Mapped[float]
    #: Scores read off the quantiles of that time; null while nothing was known to read off.
    score_p10: Mapped[float | None]
    score_median: Mapped[float | None]
    score_p90: Mapped[float | None]
    #: Whose quantiles: "community", "platform" (borrowed) or "none".
    quantiles: Mapped[str] = mapped_column(String(16))
    latency_ms: Mapped[float]
    scored_at: Mapped[datetime | None]
    log_score: Mapped[float | None]
    rps: Mapped[float | None]
    brier: Mapped[float | None]
    points: Mapped[float | None]
    #: The base rate of its most probable bucket when it was scored, 0 to 1.
    base_rate: Mapped[float | None]
    #: What equal chances for all ten bins would have scored.
    base_rps: Mapped[float | None]
    base_log_score: Mapped[float | None]

    model_version: Mapped[ModelVersion] = relationship()


class Reply(Base):
    """What the bot said under a post. Recorded before it is sent."""

    __tablename__ = "replies"
    __table_args__ = (
        CheckConstraint(
            "state NOT IN ('sent', 'settled') OR source_id IS NOT NULL", name="sent_has_id"
        ),
        CheckConstraint(
            "(reason IS NOT NULL) = (skip_code IS NOT NULL AND skip_code = 'other')",
            name="other_skip_has_sentence",
        ),
        Index(
            "ix_replies_open",
            "recorded_at",
            sqlite_where=text("state IN ('pending', 'sent')"),
            postgresql_where=text("state IN ('pending', 'sent')"),
        ),
        Index("ix_replies_recorded", "recorded_at"),
    )

    post_id: Mapped[int] = mapped_column(
        ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True
    )
    state: Mapped[ReplyState] = mapped_column(enum_column(ReplyState, "state"))
    #: The platform's id of the reply.
    source_id: Mapped[str | None] = mapped_column(String(128))
    recorded_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    #: Why there is no reply.
    skip_code: Mapped[ReplySkip | None] = mapped_column(enum_column(ReplySkip, "skip_code"))
    #: The same as a sentence, where the code alone does not say it.
    reason: Mapped[str | None] = mapped_column(Text)
    #: When it was changed to show that guessing has closed, where the platform does that.
    closed_at: Mapped[datetime | None]


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
        ),
        Index("ix_labels_matured_at", "matured_at", "score", postgresql_include=["post_id"]),
        # The best of all time.
        Index("ix_labels_community_score", "community_id", "score").ddl_if("sqlite"),
        Index("ix_labels_score", "score").ddl_if("sqlite"),
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
    score: Mapped[float]
    #: The whole interval that posts of this score cover (ties share it).
    percentile_low: Mapped[float]
    percentile_high: Mapped[float]
    bucket: Mapped[Bucket] = mapped_column(enum_column(Bucket, "bucket"))
    #: When the score became final: the post's time plus the horizon.
    matured_at: Mapped[datetime]
    #: No two labels that scored anything have the same: streaks go by it.
    written_at: Mapped[datetime] = mapped_column(index=True)


class Vote(Base):
    """A vote on the local board. Other platforms keep their own votes."""

    __tablename__ = "votes"
    __table_args__ = (CheckConstraint("value IN (-1, 1)", name="up_or_down"),)

    post_id: Mapped[int] = mapped_column(
        ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True
    )
    author_id: Mapped[int] = mapped_column(ForeignKey("authors.id"), primary_key=True)
    value: Mapped[int]
    voted_at: Mapped[datetime]
