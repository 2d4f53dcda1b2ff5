"""Publications without an image that Peoria could use: they count in records, and nowhere else."""

from datetime import datetime

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables.base import Base, Key
from storage.types import PlatformName, enum_column


class ImagelessPost(Base):
    """Something published in a community without an image: text, a video, a link that is dead.

    It is never predicted, shown or labelled. Its author's record and the community's pace are made
    from it as from posts.
    """

    __tablename__ = "imageless_posts"
    __table_args__ = (
        UniqueConstraint("platform", "source_id"),
        ForeignKeyConstraint(
            ["community_id", "platform"], ["communities.id", "communities.platform"]
        ),
        CheckConstraint(
            "percentile_low >= 0 AND percentile_low < percentile_high AND percentile_high <= 1",
            name="percentile_interval",
        ),
        CheckConstraint(
            "(matured_at IS NULL) = (percentile_low IS NULL)"
            " AND (percentile_high IS NULL) = (percentile_low IS NULL)",
            name="ranked_whole",
        ),
        Index(
            "ix_imageless_posts_due",
            "due_at",
            sqlite_where=text("due_at IS NOT NULL"),
            postgresql_where=text("due_at IS NOT NULL"),
        ),
        Index("ix_imageless_posts_pace", "community_id", "posted_at"),
        Index("ix_imageless_posts_author", "author_id", "community_id", "posted_at"),
        # With all that the community's record is read for.
        Index(
            "ix_imageless_posts_record",
            "community_id",
            "matured_at",
            "percentile_low",
            "percentile_high",
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    community_id: Mapped[int] = mapped_column(Key)
    platform: Mapped[PlatformName] = mapped_column(enum_column(PlatformName, "platform"))
    source_id: Mapped[str] = mapped_column(String(128))
    author_id: Mapped[int | None] = mapped_column(ForeignKey("authors.id"))
    posted_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    #: When its final score is read; null: it was, or it never will be.
    due_at: Mapped[datetime | None]
    #: At the horizon, of the measure that the community is judged by; null: not known.
    score: Mapped[float | None]
    #: When that became final, and where it stood among the labels of posts with an image that had
    #: matured by then; null: it was not ranked yet.
    matured_at: Mapped[datetime | None]
    percentile_low: Mapped[float | None]
    percentile_high: Mapped[float | None]
