"""Predictions of posts, and how each was scored."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from storage.tables.base import Base, Key
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
