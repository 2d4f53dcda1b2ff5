"""New visitors of the board within the last hour."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables.base import Base, Key


class Newcomer(Base):
    """A cookie that was given: where to, as keyed hashes, for an hour."""

    __tablename__ = "newcomers"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    household: Mapped[str] = mapped_column(String(64))
    network: Mapped[str] = mapped_column(String(64))
    came_at: Mapped[datetime]
