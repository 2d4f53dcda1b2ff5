"""What is set for a whole server, and not for one community of it."""

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from storage.tables.base import Base, Key
from storage.types import PlatformName, enum_column


class Server(Base):
    """A server whose admins set something for all its communities.

    A community of no server, such as a subreddit, is one by itself (`Community.server_or_self`).
    """

    __tablename__ = "servers"
    __table_args__ = (UniqueConstraint("platform", "source_id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    platform: Mapped[PlatformName] = mapped_column(enum_column(PlatformName, "platform"))
    source_id: Mapped[str] = mapped_column(String(128))
    #: The platform's ids of the roles whose members may do what admins do here.
    manager_roles: Mapped[list[str]] = mapped_column(JSON, default=list, server_default="[]")
    #: Which model version serves here; null: the champion.
    model_version_id: Mapped[int | None] = mapped_column(
        ForeignKey("model_versions.id", ondelete="SET NULL")
    )
    #: Whether its labels are kept out of what is fitted for others.
    keeps_labels: Mapped[bool] = mapped_column(default=False, server_default=false())
    own_head: Mapped["OwnHead | None"] = relationship(lazy="joined", cascade="all, delete-orphan")


class OwnHead(Base):
    """That a head is fitted on a server's labels alone, as an expert more in its communities."""

    __tablename__ = "own_heads"

    server_id: Mapped[int] = mapped_column(
        ForeignKey("servers.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    #: Whether it is fitted, and has a say. What was fitted stays, for when it is on again.
    is_on: Mapped[bool]
    #: What has a say; null: nothing was good enough so far.
    model_version_id: Mapped[int | None] = mapped_column(
        ForeignKey("model_versions.id", ondelete="SET NULL")
    )
