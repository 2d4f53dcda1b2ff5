"""Captions that a community's own posts had, beside what a backbone sees in their images."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from storage.engine.core_tables import table_of
from storage.tables import Author, Embedding, Image, Label, Post, PostImage
from storage.types import SPOILER, PostState

_POSTS, _PLACES, _IMAGES = table_of(Post), table_of(PostImage), table_of(Image)
_EMBEDDINGS, _LABELS, _AUTHORS = table_of(Embedding), table_of(Label), table_of(Author)


@dataclass(frozen=True, slots=True)
class PostedCaption:
    """Words that were posted with an image.

    Attributes:
        text: read from the image; the title where nothing was read.
        vector: the image's embedding, little-endian float16.
        percentile: how the post did among others, 0 to 1; None: not known.
    """

    text: str
    vector: bytes
    percentile: float | None


def posted_captions(
    session: Session, *, community_id: int, backbone: str, limit: int
) -> Sequence[PostedCaption]:
    """The newest ``limit`` of a community, of people who did not opt out; hidden ones left out."""
    rows = session.execute(
        select(
            _POSTS.c.title, _POSTS.c.options, _IMAGES.c.text, _EMBEDDINGS.c.vector,
            _LABELS.c.percentile_low, _LABELS.c.percentile_high,
        )
        .join(_PLACES, and_(_PLACES.c.post_id == _POSTS.c.id, _PLACES.c.position == 0))
        .join(_IMAGES, _IMAGES.c.id == _PLACES.c.image_id)
        .join(
            _EMBEDDINGS,
            and_(_EMBEDDINGS.c.image_id == _IMAGES.c.id, _EMBEDDINGS.c.backbone == backbone),
        )
        .outerjoin(_LABELS, _LABELS.c.post_id == _POSTS.c.id)
        .outerjoin(_AUTHORS, _AUTHORS.c.id == _POSTS.c.author_id)
        .where(
            _POSTS.c.community_id == community_id,
            _POSTS.c.state.not_in((PostState.WITHDRAWN, PostState.REFUSED)),
            _AUTHORS.c.opted_out_at.is_(None),
            or_(func.length(_IMAGES.c.text) > 0, func.length(_POSTS.c.title) > 0),
        )
        .order_by(_POSTS.c.posted_at.desc(), _POSTS.c.id.desc())
        .limit(limit)
    ).all()  # fmt: skip
    return [
        PostedCaption(
            row.text or row.title,
            row.vector,
            None if row.percentile_low is None else (row.percentile_low + row.percentile_high) / 2,
        )
        for row in rows
        if not (row.options or {}).get(SPOILER)
    ]
