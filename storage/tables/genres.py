"""What people say of the genre of a picture."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables.base import Base, Key


class GenreCorrection(Base):
    """Somebody's word on the genre of a post; the newest of a post counts."""

    __tablename__ = "genre_corrections"
    __table_args__ = (
        Index(
            "ix_genre_corrections_person",
            "post_id",
            "author_id",
            unique=True,
            sqlite_where=text("author_id IS NOT NULL"),
            postgresql_where=text("author_id IS NOT NULL"),
        ),
        # Whoever runs this Peoria has one word on each post, too.
        Index(
            "ix_genre_corrections_operator",
            "post_id",
            unique=True,
            sqlite_where=text("author_id IS NULL"),
            postgresql_where=text("author_id IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"))
    #: Who said it; null: whoever runs this Peoria, by a command or an import.
    author_id: Mapped[int | None] = mapped_column(ForeignKey("authors.id"), index=True)
    genre: Mapped[str] = mapped_column(String(40))
    corrected_at: Mapped[datetime]
