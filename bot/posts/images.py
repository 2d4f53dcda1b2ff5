"""Rows of images: what was found in a post's places, the images themselves, their embeddings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from bot.posts.find_images import FoundImages
from bot.serving.embed import EmbeddedImage, UndescribedImage
from models.attributes.read import Attributes
from storage.engine.core_tables import table_of
from storage.engine.upsert import insert_unless_there
from storage.tables import Embedding, Image, PostImage

_IMAGES = table_of(Image).c
_PLACES = table_of(PostImage)
_FILL_PLACE = (
    update(_PLACES)
    .where(_PLACES.c.post_id == bindparam("post"), _PLACES.c.position == bindparam("place"))
    .values(image_id=bindparam("image"), refusal=bindparam("reason"))
)


@dataclass(frozen=True, slots=True)
class StoredImage:
    """The row of an image: its id, and what was read from it before, if anything was."""

    id: int
    text: str | None = None
    attributes: Attributes | None = None


@dataclass(frozen=True, slots=True)
class FoundOfPost:
    """The images of a post, and the fingerprint of the backbone that embedded them."""

    post_id: int
    found: FoundImages
    backbone: str


def store_found(
    session: Session, posts: Sequence[FoundOfPost], now: datetime
) -> dict[str, StoredImage]:
    """Store the images of posts, and in each of their places the image or why it is refused.

    Args:
        session: a write session.
        posts: whose images they are.
        now: the time of storing.

    Returns the images' rows by their SHA-256.
    """
    stored: dict[str, StoredImage] = {}
    for backbone in dict.fromkeys(each.backbone for each in posts):
        embedded = {
            image.sha256: image.embedded
            for each in posts
            if each.backbone == backbone
            for image in each.found.usable
        }
        stored |= store_images(session, embedded, backbone, now)
    places = [
        {"post": each.post_id, "place": position, "image": image_id, "reason": reason}
        for each in posts
        for position, image_id, reason in (
            *((image.position, stored[image.sha256].id, None) for image in each.found.usable),
            *((position, None, reason) for position, reason in each.found.refused.items()),
        )
    ]
    if places:
        session.execute(_FILL_PLACE, places)
    return stored


def store_images(
    session: Session, seen: Mapping[str, UndescribedImage], backbone: str, now: datetime
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
    # In one order for all, so that of two who store the same images only one waits.
    seen = dict(sorted(seen.items()))
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
        | attribute_columns(_attributes_of(each))
        for sha256, each in seen.items()
    ]
    insert = insert_unless_there(session, Image).returning(_IMAGES.id, _IMAGES.sha256)
    stored = {
        row.sha256: StoredImage(row.id, attributes=_attributes_of(seen[row.sha256]))
        for row in session.execute(insert, rows)
    }
    there = [sha256 for sha256 in seen if sha256 not in stored]
    if there:
        stored |= _find_stored(session, there, now)
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


def attribute_columns(attributes: Attributes | None) -> dict[str, Any]:
    """The columns of an image's row that hold its attributes; None: they were not read."""
    if attributes is None:
        return dict.fromkeys(("attributes", "attributes_by", "genre", "expression", "faces"))
    return {
        "attributes": attributes.as_json(),
        "attributes_by": attributes.read_by or None,
        "genre": attributes.genre and attributes.genre.name,
        "expression": next(iter(attributes.expressions), None),
        "faces": None if attributes.faces is None else len(attributes.faces),
    }


def _find_stored(session: Session, there: list[str], now: datetime) -> dict[str, StoredImage]:
    # The file of an image that is stored may have been deleted by age: its time starts again.
    session.execute(
        update(table_of(Image))
        .where(_IMAGES.sha256.in_(there), _IMAGES.dropped_at.is_not(None))
        .values(dropped_at=None, stored_at=now)
    )
    rows = session.execute(
        select(_IMAGES.sha256, _IMAGES.id, _IMAGES.text, _IMAGES.attributes).where(
            _IMAGES.sha256.in_(there)
        )
    )
    return {
        row.sha256: StoredImage(
            row.id, row.text, row.attributes and Attributes.from_json(row.attributes)
        )
        for row in rows
    }


def _attributes_of(image: UndescribedImage) -> Attributes | None:
    return image.attributes if isinstance(image, EmbeddedImage) else None
