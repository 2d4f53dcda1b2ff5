"""Images, each once, and what backbones see in them."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables.base import HEX_SHA256, Base, Key

#: Pieces that a perceptual hash is looked for by: first digit and length.
PHASH_PIECES = ((1, 3), (4, 3), (7, 3), (10, 3), (13, 4))

_UNDESCRIBED = "attributes IS NULL AND dropped_at IS NULL"


class Image(Base):
    """One file, once, however often it is posted."""

    __tablename__ = "images"
    __table_args__ = (
        CheckConstraint(f"length(sha256) = {HEX_SHA256}", name="sha256_length"),
        CheckConstraint("width > 0 AND height > 0 AND bytes > 0", name="sizes_positive"),
        *(
            Index(f"ix_images_phash_{first}", text(f"substr(phash, {first}, {length})"))
            for first, length in PHASH_PIECES
        ),
        Index(
            "ix_images_undescribed",
            "id",
            sqlite_where=text(_UNDESCRIBED),
            postgresql_where=text(_UNDESCRIBED),
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    sha256: Mapped[str] = mapped_column(String(HEX_SHA256), unique=True)
    format: Mapped[str] = mapped_column(String(8))
    bytes: Mapped[int]
    width: Mapped[int]
    height: Mapped[int]
    #: Perceptual hash, 16 hexadecimal digits; alike for near-duplicates.
    phash: Mapped[str] = mapped_column(String(16), index=True)
    #: Text read from the image; null until it was read, empty when there is none.
    text: Mapped[str | None] = mapped_column(Text)
    #: Where that text stands (`models.attributes.text_layout`); null where it was not read, or
    #: by a Peoria that did not note it.
    text_layout: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    #: What people can read off it (`models.attributes.read`); null until they were read, which
    #: replies and imports do not wait for.
    attributes: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    #: Version of what read its faces and look; what another read is read again.
    attributes_by: Mapped[str | None] = mapped_column(String(16), index=True)
    #: What posts are found by. The genre that is named, the expression that most of its faces
    #: have, how many faces there are; null: not sure, none, or not read.
    genre: Mapped[str | None] = mapped_column(String(40), index=True)
    expression: Mapped[str | None] = mapped_column(String(16), index=True)
    faces: Mapped[int | None] = mapped_column(index=True)
    stored_at: Mapped[datetime]
    #: When the file was dropped after its retention time; the row stays for its posts.
    dropped_at: Mapped[datetime | None]


class Embedding(Base):
    """What one backbone sees in one image: 8 to 4,096 float16 numbers, little-endian."""

    __tablename__ = "embeddings"
    __table_args__ = (
        CheckConstraint(
            "length(vector) BETWEEN 16 AND 8192 AND length(vector) % 2 = 0", name="vector_length"
        ),
    )

    image_id: Mapped[int] = mapped_column(
        ForeignKey("images.id", ondelete="CASCADE"), primary_key=True
    )
    backbone: Mapped[str] = mapped_column(String(HEX_SHA256), primary_key=True)
    vector: Mapped[bytes] = mapped_column(LargeBinary)
