"""Captions that people chose among those that they were offered."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables.base import Base, Key


class CaptionChoice(Base):
    """A caption that somebody posted, and what they were offered beside it."""

    __tablename__ = "caption_choices"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    community_id: Mapped[int] = mapped_column(
        ForeignKey("communities.id", ondelete="CASCADE"), index=True
    )
    #: The post that it became; its label tells what it came to. Null where the bot sent it, whose
    #: own messages are no posts.
    post_id: Mapped[int | None] = mapped_column(
        ForeignKey("posts.id", ondelete="CASCADE"), unique=True
    )
    author_id: Mapped[int] = mapped_column(ForeignKey("authors.id"), index=True)
    chosen_at: Mapped[datetime]
    #: `models.captions.ranking.Offered` of each, in the order in which they were shown.
    offered: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    #: Place of the chosen one among them.
    chosen: Mapped[int]
