"""The tables of the loop.

The constraints make wrong states unrepresentable: a post cannot be `predicted` without the time
of it, a reply cannot be `sent` without its id, two model versions cannot both be champion.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Text,
    UniqueConstraint,
    desc,
    false,
    text,
    true,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from storage.types import (
    Bucket,
    ForecasterKind,
    InboxKind,
    Platform,
    PostOrigin,
    PostState,
    ReplyMode,
    ReplyState,
    RunState,
    UtcDateTime,
    enum_column,
)

#: SQLite only counts up by itself on a column that is spelt INTEGER PRIMARY KEY.
Key = BigInteger().with_variant(Integer(), "sqlite")

HEX_SHA256 = 64


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it from the class
        datetime: UtcDateTime(),
        dict[str, Any]: JSON(),
        list[float]: JSON(),
    }


class Community(Base):
    """One Discord channel, one subreddit, or one local board."""

    __tablename__ = "communities"
    __table_args__ = (
        UniqueConstraint("platform", "source_id"),
        # Lets posts point at (id, platform), so that a post cannot be on another platform.
        UniqueConstraint("id", "platform"),
        CheckConstraint("horizon_seconds > 0", name="horizon_positive"),
        CheckConstraint(
            "(low_up_to IS NULL) = (medium_up_to IS NULL)", name="thresholds_both_or_neither"
        ),
        CheckConstraint("low_up_to < medium_up_to", name="thresholds_in_order"),
        CheckConstraint("min_percentile >= 0 AND min_percentile <= 1", name="min_percentile_range"),
        CheckConstraint("(quiet_from IS NULL) = (quiet_until IS NULL)", name="quiet_hours_whole"),
        CheckConstraint(
            "quiet_from >= 0 AND quiet_from < 1440 AND quiet_until >= 0 AND quiet_until < 1440",
            name="quiet_hours_range",
        ),
        CheckConstraint("replies_per_minute > 0", name="replies_per_minute_positive"),
        CheckConstraint("guess_seconds > 0", name="guess_seconds_positive"),
        CheckConstraint("(paused_at IS NULL) = (paused_reason IS NULL)", name="pause_has_reason"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    platform: Mapped[Platform] = mapped_column(enum_column(Platform, "platform"))
    source_id: Mapped[str] = mapped_column(String(128))
    name: Mapped[str] = mapped_column(String(200))
    horizon_seconds: Mapped[int] = mapped_column(default=24 * 3600)
    #: Fixed thresholds of the buckets (scores); both null: the community's terciles.
    low_up_to: Mapped[int | None]
    medium_up_to: Mapped[int | None]
    created_at: Mapped[datetime]
    #: Whether new posts are taken up. Posts that were stay on their path.
    watched: Mapped[bool] = mapped_column(default=True, server_default=true())
    reply_mode: Mapped[ReplyMode] = mapped_column(
        enum_column(ReplyMode, "reply_mode"), default=ReplyMode.REPLY, server_default="reply"
    )
    #: Whether the prediction is kept from people until they guessed, and from all until the close.
    blind: Mapped[bool] = mapped_column(default=False, server_default=false())
    #: Posts expected to beat a smaller share than this (0 to 1) are predicted without a word.
    min_percentile: Mapped[float | None]
    #: No word between these minutes after midnight, by the clocks of ``time_zone``.
    quiet_from: Mapped[int | None]
    quiet_until: Mapped[int | None]
    time_zone: Mapped[str] = mapped_column(String(64), default="UTC", server_default="UTC")
    replies_per_minute: Mapped[int | None]
    #: Guessing closes at this age of the post, or at this score, whichever comes first.
    guess_seconds: Mapped[int] = mapped_column(default=3600, server_default="3600")
    guess_score: Mapped[int | None]
    #: Ages at which a score is read before the horizon, seconds; null: the usual ones.
    readings: Mapped[list[int] | None] = mapped_column(JSON(none_as_null=True))
    #: Since when, and why, the bot says nothing here by itself.
    paused_at: Mapped[datetime | None]
    paused_reason: Mapped[str | None] = mapped_column(Text)
    #: The platform's id of the newest item that was taken up: where catching up begins.
    high_water: Mapped[str | None] = mapped_column(String(128))
    #: What only the platform knows how to read: emoji, channels, switches.
    options: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")


class Author(Base):
    """A person, known only by a keyed hash of their id on one platform."""

    __tablename__ = "authors"
    __table_args__ = (
        UniqueConstraint("platform", "hash"),
        CheckConstraint(f"length(hash) = {HEX_SHA256}", name="hash_length"),
        Index(
            "ix_authors_opted_out",
            "id",
            sqlite_where=text("opted_out_at IS NOT NULL"),
            postgresql_where=text("opted_out_at IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    platform: Mapped[Platform] = mapped_column(enum_column(Platform, "platform"))
    hash: Mapped[str] = mapped_column(String(HEX_SHA256))
    opted_out_at: Mapped[datetime | None]


class Image(Base):
    """One file, once, however often it is posted."""

    __tablename__ = "images"
    __table_args__ = (
        CheckConstraint(f"length(sha256) = {HEX_SHA256}", name="sha256_length"),
        CheckConstraint("width > 0 AND height > 0 AND bytes > 0", name="sizes_positive"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    sha256: Mapped[str] = mapped_column(String(HEX_SHA256), unique=True)
    format: Mapped[str] = mapped_column(String(8))
    bytes: Mapped[int]
    width: Mapped[int]
    height: Mapped[int]
    #: Perceptual hash, 16 hexadecimal digits; alike for near-duplicates.
    phash: Mapped[str] = mapped_column(String(16), index=True)
    #: Text read from the image; null until it was read, empty when there is none.
    text: Mapped[str | None] = mapped_column(Text)
    stored_at: Mapped[datetime]
    #: When the file was dropped after its retention time; the row stays for its posts.
    dropped_at: Mapped[datetime | None]


class Embedding(Base):
    """What one backbone sees in one image: 1280 float16 numbers, little-endian."""

    __tablename__ = "embeddings"
    __table_args__ = (CheckConstraint("length(vector) = 2560", name="vector_length"),)

    image_id: Mapped[int] = mapped_column(
        ForeignKey("images.id", ondelete="CASCADE"), primary_key=True
    )
    backbone: Mapped[str] = mapped_column(String(HEX_SHA256), primary_key=True)
    vector: Mapped[bytes] = mapped_column(LargeBinary)


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
            " OR state NOT IN ('predicted', 'replied', 'labelled', 'scored')",
            name="predicted_has_time",
        ),
        CheckConstraint("(state = 'refused') = (refusal IS NOT NULL)", name="refused_has_reason"),
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
        Index(
            "ix_posts_lost",
            "community_id",
            "refusal",
            sqlite_where=text("state = 'refused' AND predicted_at IS NOT NULL"),
            postgresql_where=text("state = 'refused' AND predicted_at IS NOT NULL"),
        ),
        Index("ix_posts_author", "author_id", "community_id"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    community_id: Mapped[int] = mapped_column(Key)
    platform: Mapped[Platform] = mapped_column(enum_column(Platform, "platform"))
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
    #: Why the post cannot be used, a sentence.
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


class ModelVersion(Base):
    """Backbone fingerprint + head + calibration + metrics, by name; its files are on disk."""

    __tablename__ = "model_versions"
    __table_args__ = (
        CheckConstraint("NOT is_champion OR promoted_at IS NOT NULL", name="champion_has_time"),
        CheckConstraint("NOT is_champion OR dropped_at IS NULL", name="champion_has_files"),
        # The one pointer to what serves: at most one row can be true.
        Index(
            "uq_model_versions_champion",
            "is_champion",
            unique=True,
            sqlite_where=text("is_champion"),
            postgresql_where=text("is_champion"),
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    backbone: Mapped[str] = mapped_column(String(HEX_SHA256))
    is_champion: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    promoted_at: Mapped[datetime | None]
    #: Labels that matured later were not seen in training; null for versions that saw none of ours.
    trained_until: Mapped[datetime | None]
    labels: Mapped[int] = mapped_column(default=0)
    metrics: Mapped[dict[str, Any]]
    #: Champion that this one replaced: where a rollback goes.
    replaced_id: Mapped[int | None] = mapped_column(ForeignKey("model_versions.id"))
    #: When its files were dropped to keep only so many; the row stays for its predictions.
    dropped_at: Mapped[datetime | None]


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
        # With all that the trailing window is read for, so that it is read from the index alone.
        Index("ix_labels_community_matured", "community_id", "matured_at", "score", "bucket"),
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


class Reply(Base):
    """What the bot said under a post. Recorded before it is sent."""

    __tablename__ = "replies"
    __table_args__ = (
        CheckConstraint(
            "state NOT IN ('sent', 'settled') OR source_id IS NOT NULL", name="sent_has_id"
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
    #: Why nothing was said, a sentence.
    reason: Mapped[str | None] = mapped_column(Text)
    #: When it was changed to show that guessing has closed, where the platform does that.
    closed_at: Mapped[datetime | None]


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
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    platform: Mapped[Platform] = mapped_column(enum_column(Platform, "platform"))
    #: The platform's id of the message.
    source_id: Mapped[str] = mapped_column(String(128))
    kind: Mapped[InboxKind] = mapped_column(enum_column(InboxKind, "inbox_kind"))
    #: Where it was written, if the community is known.
    community_id: Mapped[int | None] = mapped_column(ForeignKey("communities.id"))
    #: The platform's id of the post that it was written under, if it was.
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


class TrainingRun(Base):
    """One try at a better model version, and how it ended."""

    __tablename__ = "training_runs"
    __table_args__ = (
        CheckConstraint(
            "(finished_at IS NULL) = (state IN ('queued', 'running'))", name="ended_has_time"
        ),
        CheckConstraint(
            "state NOT IN ('promoted', 'kept') OR model_version_id IS NOT NULL",
            name="made_has_version",
        ),
        # Overlapping requests coalesce: at most one run is under way.
        Index(
            "uq_training_runs_running",
            "state",
            unique=True,
            sqlite_where=text("state = 'running'"),
            postgresql_where=text("state = 'running'"),
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    state: Mapped[RunState] = mapped_column(enum_column(RunState, "state"))
    asked_by: Mapped[str] = mapped_column(String(32))
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    #: Latest line of progress: stage, done, total, epoch, loss.
    progress: Mapped[dict[str, Any] | None]
    #: Why it was promoted, kept, refused, or how it failed.
    reason: Mapped[str | None] = mapped_column(Text)
    evidence: Mapped[dict[str, Any] | None]
    model_version_id: Mapped[int | None] = mapped_column(ForeignKey("model_versions.id"))
    #: Process that runs it: a run whose process is gone has failed.
    pid: Mapped[int | None]
    #: When that process was started, seconds since 1970: the system gives numbers out again.
    pid_started: Mapped[float | None]
