"""Whether an image, or one that looks the same, was posted in a community before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, literal_column, or_, select
from sqlalchemy.orm import Session

from models.near_duplicates import MAX_DISTANCE
from storage.engine.core_tables import table_of
from storage.tables import Image, Label, Post, PostImage
from storage.tables.images import PHASH_PIECES
from storage.types import Bucket, PostState

# A hash is cut into one piece more than may differ: a near-duplicate then has one in common. The
# database finds images by their pieces, and only those are compared bit by bit.
assert len(PHASH_PIECES) == MAX_DISTANCE + 1  # noqa: S101 - a changed distance needs other pieces

#: Images in one query: SQLite binds 32,766 values at most.
_AT_ONCE = 10_000

_POSTS, _PLACES, _IMAGES = table_of(Post), table_of(PostImage), table_of(Image)
_ALIKE = select(_IMAGES.c.id, _IMAGES.c.phash).where(
    or_(
        *(
            # Written out, as the index has it.
            literal_column(f"substr(images.phash, {first}, {length})")
            == bindparam(f"piece_{first}")
            for first, length in PHASH_PIECES
        )
    )
)
_NEWEST = (
    select(_POSTS.c.id, _POSTS.c.posted_at, _POSTS.c.link)
    .join(_PLACES, _PLACES.c.post_id == _POSTS.c.id)
    .where(
        _PLACES.c.image_id.in_(bindparam("images", expanding=True)),
        _POSTS.c.community_id == bindparam("community_id"),
        _POSTS.c.posted_at < bindparam("before"),
        _POSTS.c.id != bindparam("without_post"),
        _POSTS.c.state.not_in((PostState.WITHDRAWN, PostState.REFUSED)),
    )
    .order_by(_POSTS.c.posted_at.desc(), _POSTS.c.id.desc())
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class Duplicate:
    """An earlier post of a near-duplicate, and how it did if its label is written."""

    post_id: int
    posted_at: datetime
    link: str | None
    score: float | None
    bucket: Bucket | None


def find_duplicate(
    session: Session,
    *,
    community_id: int,
    phash: str,
    before: datetime,
    without_post: int | None = None,
) -> Duplicate | None:
    """The earlier post of a community that looks most alike, or None; of equals the newest.

    Posts that were withdrawn or refused are left out.

    Args:
        session: a read session.
        community_id: where to look.
        phash: the image's perceptual hash, 16 hexadecimal digits.
        before: only posts that were posted earlier than this.
        without_post: a post that is left out: the one that is asked about.
    """
    pieces = {
        f"piece_{first}": phash[first - 1 : first - 1 + length] for first, length in PHASH_PIECES
    }
    wanted = int(phash, 16)
    by_distance: list[list[int]] = [[] for _ in range(MAX_DISTANCE + 1)]
    for image in session.execute(_ALIKE, pieces):
        distance = (int(image.phash, 16) ^ wanted).bit_count()
        if distance <= MAX_DISTANCE:
            by_distance[distance].append(image.id)
    # No post has the number 0.
    keys = {"community_id": community_id, "before": before, "without_post": without_post or 0}
    nearest = None
    for images in by_distance:
        nearest = nearest or _newest(session, images, keys)
    if nearest is None:
        return None
    label = session.get(Label, nearest.id)
    return Duplicate(
        nearest.id,
        nearest.posted_at,
        nearest.link,
        label.score if label else None,
        label.bucket if label else None,
    )


def _newest(
    session: Session, images: Sequence[int], keys: Mapping[str, object]
) -> Row[*tuple[Any, ...]] | None:
    """The newest post of a community with one of some images; None if there is none."""
    found: list[Row[*tuple[Any, ...]]] = []
    for start in range(0, len(images), _AT_ONCE):
        some = {**keys, "images": images[start : start + _AT_ONCE]}
        found += session.execute(_NEWEST, some).all()
    return max(found, key=lambda row: (row.posted_at, row.id), default=None)
