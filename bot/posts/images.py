"""Storing what was seen in images: their rows, and their embeddings."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.serving.embed import EmbeddedImage
from storage.engine.core_tables import table_of
from storage.engine.upsert import insert_unless_there
from storage.tables import Embedding, Image

_IMAGES = table_of(Image).c


@dataclass(frozen=True, slots=True)
class StoredImage:
    """The row of an image: its id, and the text that was read from it if it was read before."""

    id: int
    text: str | None = None


def store_images(
    session: Session, seen: Mapping[str, EmbeddedImage], backbone: str, now: datetime
) -> dict[str, StoredImage]:
    """Store the rows of images and their embeddings, as far as they are new.

    Args:
        session: a write session.
        seen: images by their SHA-256.
        backbone: fingerprint of the backbone that embedded them.
        now: the time of storing.

    Returns the images' rows by their SHA-256.
    """
    if not seen:
        return {}
    rows = [
        {
            "sha256": sha256,
            "format": each.image.format,
            "bytes": each.image.bytes,
            "width": each.image.width,
            "height": each.image.height,
            "phash": each.phash,
            "stored_at": now,
        }
        for sha256, each in seen.items()
    ]
    insert = insert_unless_there(session, Image).returning(_IMAGES.id, _IMAGES.sha256)
    stored = {row.sha256: StoredImage(row.id) for row in session.execute(insert, rows)}
    there = [sha256 for sha256 in seen if sha256 not in stored]
    if there:
        stored |= _take_up_again(session, there, now)
    session.execute(
        insert_unless_there(session, Embedding),
        [
            {
                "image_id": stored[sha256].id,
                "backbone": backbone,
                "vector": each.embedding.astype("<f2").tobytes(),
            }
            for sha256, each in seen.items()
        ],
    )
    return stored


def _take_up_again(session: Session, there: list[str], now: datetime) -> dict[str, StoredImage]:
    # The file of one that was there may have been dropped after its time: the new one counts anew.
    session.execute(
        update(table_of(Image))
        .where(_IMAGES.sha256.in_(there), _IMAGES.dropped_at.is_not(None))
        .values(dropped_at=None, stored_at=now)
    )
    rows = session.execute(
        select(_IMAGES.sha256, _IMAGES.id, _IMAGES.text).where(_IMAGES.sha256.in_(there))
    )
    return {row.sha256: StoredImage(row.id, row.text) for row in rows}
