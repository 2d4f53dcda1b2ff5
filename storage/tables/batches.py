"""Work on all stored images: how far it is, and which images it must leave alone."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables.base import Base, Key
from storage.types import BatchState, enum_column


class BatchJob(Base):
    """One pass over stored images, by fragments; each fragment is noted as it is written."""

    __tablename__ = "batch_jobs"
    __table_args__ = (
        CheckConstraint("(finished_at IS NULL) = (state = 'running')", name="ended_has_time"),
        CheckConstraint("done >= 0 AND total >= 0", name="counts_not_negative"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    #: What is done: ``embed``, ``read_attributes``, ``read_text``.
    work: Mapped[str] = mapped_column(String(16))
    #: By what: the name of the backbone, or of what reads.
    subject: Mapped[str] = mapped_column(Text)
    state: Mapped[BatchState] = mapped_column(enum_column(BatchState, "state"))
    #: Images that were looked at, and those that there are to look at.
    done: Mapped[int]
    total: Mapped[int]
    #: Of those looked at: without a usable file, and quarantined.
    skipped: Mapped[int]
    quarantined: Mapped[int]
    started_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    #: Why it ended before its end.
    reason: Mapped[str | None] = mapped_column(Text)
    #: Process that runs it (`bot.runtime.processes.this_process`).
    process: Mapped[str] = mapped_column(Text)
    #: When somebody asked to end it.
    cancel_asked_at: Mapped[datetime | None]


class QuarantinedImage(Base):
    """An image that ended two processes which worked on it: it is left alone."""

    __tablename__ = "quarantined_images"

    image_id: Mapped[int] = mapped_column(
        ForeignKey("images.id", ondelete="CASCADE"), primary_key=True
    )
    work: Mapped[str] = mapped_column(String(16), primary_key=True)
    deaths: Mapped[int]
    quarantined_at: Mapped[datetime]
