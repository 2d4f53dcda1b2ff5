"""Model versions and the training runs that make them."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, false, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables.base import HEX_SHA256, Base, Key
from storage.types import RunState, enum_column


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


class TrainingRun(Base):
    """One try at a better model version, and how it ended."""

    __tablename__ = "training_runs"
    __table_args__ = (
        CheckConstraint("(finished_at IS NULL) = (state = 'running')", name="ended_has_time"),
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
    #: It was asked for, and waits for a process that trains to take it.
    is_waiting: Mapped[bool] = mapped_column(default=False, server_default=false())
    #: Process that runs it: a run whose process is gone has failed.
    pid: Mapped[int | None]
    #: When that process was started, seconds since 1970: the system gives numbers out again.
    pid_started: Mapped[float | None]
