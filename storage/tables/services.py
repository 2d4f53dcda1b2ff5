"""How the parts of a running Peoria are doing, for those who ask from outside."""

from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables.base import Base
from storage.types import ServiceState, enum_column


class Service(Base):
    """A part that should always run: a platform's connection, or a job."""

    __tablename__ = "services"

    #: Which process it is part of: where it runs, its number, its start.
    process: Mapped[str] = mapped_column(String(64), primary_key=True)
    #: Such as `discord`, `discord 0-3/8` or `job read_scores`.
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    state: Mapped[ServiceState] = mapped_column(enum_column(ServiceState, "service_state"))
    #: When it came into this state.
    changed_at: Mapped[datetime]
    #: The newest fault, and when it was; kept when the part runs again.
    error: Mapped[str | None] = mapped_column(Text)
    error_at: Mapped[datetime | None]
    #: When the process was last known to run.
    alive_at: Mapped[datetime]
    #: How far the platform's clock is ahead of ours, seconds; null: it has not told its time.
    clock_ahead: Mapped[float | None]
