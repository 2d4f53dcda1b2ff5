"""The installation that a database belongs to, and the processes of Peoria that run on it."""

from datetime import datetime
from typing import Any

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables.base import Base


class InstallationFact(Base):
    """Something that holds for this database as a whole, wherever it is used."""

    __tablename__ = "installation"

    #: Such as `people key`.
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[str] = mapped_column(Text)


class RunningProcess(Base):
    """A Peoria that runs on this database. One that was stopped in order has no row."""

    __tablename__ = "processes"

    #: Where it runs, its number, and a word of its own.
    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    started_at: Mapped[datetime]
    #: Its last sign of life.
    seen_at: Mapped[datetime]
    #: The name of its machine.
    host: Mapped[str | None] = mapped_column(String(255))
    #: Its version of Peoria.
    release: Mapped[str | None] = mapped_column(String(64))
    #: What it does (`bot.roles`), separated by commas.
    roles: Mapped[str | None] = mapped_column(String(200))
    #: Its settings that all processes must have alike, by name, as JSON.
    settings: Mapped[dict[str, Any] | None]
    #: How far its machine's clock is ahead of the database's, seconds.
    clock_ahead: Mapped[float | None]


class RoleSeen(Base):
    """When a role was last run by any process."""

    __tablename__ = "roles"

    name: Mapped[str] = mapped_column(String(16), primary_key=True)
    seen_at: Mapped[datetime]
