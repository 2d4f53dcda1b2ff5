"""The installation that a database belongs to, and the processes of Peoria that run on it."""

from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables.base import Base


class InstallationFact(Base):
    """Something that must be the same wherever this database is used."""

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
