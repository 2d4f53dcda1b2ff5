"""Predictions of posts, how each was scored, and what scores say of the experts."""

from datetime import datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, String, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from storage.tables.base import Base, Key
from storage.tables.images import Image
from storage.tables.models import ModelVersion


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
    #: Probabilities of the ten equal-frequency bins of the percentile, lowest first: what is shown,
    #: and scored.
    bins: Mapped[list[float]]
    #: What each expert said (ten probabilities by its name), and the weights they had; null in
    #: predictions that were made before there were experts.
    experts: Mapped[dict[str, list[float]] | None] = mapped_column(JSON(none_as_null=True))
    weights: Mapped[dict[str, float] | None] = mapped_column(JSON(none_as_null=True))
    #: How much of the experts' weighted mean is shown, 0 to 1; the rest is equal chances.
    share: Mapped[float | None]
    #: Predictions of the community that waited for their labels when this one was made.
    waiting: Mapped[int | None]
    #: Sources of the post that the champion's head did not look at, because nothing like them was
    #: learned from (`models.support.SOURCES`); null where nothing is known of that.
    set_aside: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    #: The image holds no picture: nothing but the base rate is said of it.
    blank: Mapped[bool] = mapped_column(default=False, server_default=false())
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
    #: Always loaded with it: a card shows what people can read off the image.
    image: Mapped[Image] = relationship(lazy="joined", innerjoin=True)


class ExpertAccount(Base):
    """What a community's labels so far say of the experts (`models.experts.Account`).

    Each label adds to it in its own transaction, in the order of ``labels.written_at``.
    """

    __tablename__ = "expert_accounts"

    community_id: Mapped[int] = mapped_column(
        ForeignKey("communities.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    #: The logarithm of each expert's weight, by its name.
    log_weights: Mapped[dict[str, float]] = mapped_column(JSON)
    #: The same before the first label, where labels from before taught it (`taught_weights`).
    taught: Mapped[dict[str, float] | None] = mapped_column(JSON(none_as_null=True))
    #: Nats lost to the base rate; below 0: gained.
    regret: Mapped[float]
    #: The most predictions that waited beside one that was scored.
    waiting: Mapped[int]
    #: The weight of the server's own head beside the other experts; null before its first label.
    own: Mapped[float | None]
    #: Predictions that were scored.
    labels: Mapped[int]
