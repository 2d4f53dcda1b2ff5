"""Who does what only one process may do: a right that ends by itself when its owner dies."""

from sqlalchemy import BigInteger, Double, String
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables.base import Base


class Lease(Base):
    """A right that one process has at a time."""

    __tablename__ = "leases"

    #: What it is for, such as `reddit` or `training run 7`.
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    #: Which process has it: where it runs, its number, and a word of its own.
    owner: Mapped[str] = mapped_column(String(200))
    #: When it ends unless it is renewed, seconds since 1970 by the database's clock; 0: it was
    #: given back.
    expires: Mapped[float] = mapped_column(Double)
    #: Grows with each new owner: what an earlier one still writes is refused.
    fence: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
