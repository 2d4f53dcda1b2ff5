"""Whether an image, or one that looks the same, was posted in a community before."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.plain import table_of
from storage.tables import Image, Label, Post, PostImage
from storage.types import Bucket, PostState
from trainer.near_duplicates import MAX_DISTANCE

#: A hash is cut into one piece more than may differ: a near-duplicate then has one in common. The
#: database looks for those, and only what it finds is compared bit by bit. First digit and length.
_PIECES = ((1, 3), (4, 3), (7, 3), (10, 3), (13, 4))
assert len(_PIECES) == MAX_DISTANCE + 1  # noqa: S101 - a changed distance needs other pieces

_POSTS, _PLACES, _IMAGES = table_of(Post), table_of(PostImage), table_of(Image)
_ALIKE = (
    select(_POSTS.c.id, _POSTS.c.posted_at, _POSTS.c.link, _IMAGES.c.phash)
    .join(_PLACES, _PLACES.c.post_id == _POSTS.c.id)
    .join(_IMAGES, _IMAGES.c.id == _PLACES.c.image_id)
    .where(
        _POSTS.c.community_id == bindparam("community_id"),
        _POSTS.c.posted_at < bindparam("before"),
        _POSTS.c.id != bindparam("without_post"),
        _POSTS.c.state.not_in((PostState.WITHDRAWN, PostState.REFUSED)),
        or_(
            *(
                func.substr(_IMAGES.c.phash, first, length) == bindparam(f"piece_{first}")
                for first, length in _PIECES
            )
        ),
    )
    .order_by(_POSTS.c.posted_at.desc(), _POSTS.c.id.desc())
)


@dataclass(frozen=True, slots=True)
class SeenBefore:
    """An earlier post of a near-duplicate, and how it did if its label is written."""

    post_id: int
    posted_at: datetime
    link: str | None
    score: float | None
    bucket: Bucket | None


async def seen_before(
    session: AsyncSession,
    *,
    community_id: int,
    phash: str,
    before: datetime,
    without_post: int | None = None,
) -> SeenBefore | None:
    """The most alike earlier post of a community, of equally alike ones the newest; None if none.

    Posts that were withdrawn or refused are left out.

    Args:
        session: a read session.
        community_id: where to look.
        phash: the image's perceptual hash, 16 hexadecimal digits.
        before: only posts that were posted earlier than this.
        without_post: a post that is not looked at: the one that is asked about.
    """
    keys: dict[str, object] = {
        f"piece_{first}": phash[first - 1 : first - 1 + length] for first, length in _PIECES
    }
    # No post has the number 0.
    keys |= {"community_id": community_id, "before": before, "without_post": without_post or 0}
    candidates = (await session.execute(_ALIKE, keys)).all()
    wanted = int(phash, 16)
    # Of equals the first one, which is the newest.
    nearest = min(
        candidates, key=lambda row: (int(row.phash, 16) ^ wanted).bit_count(), default=None
    )
    if nearest is None or (int(nearest.phash, 16) ^ wanted).bit_count() > MAX_DISTANCE:
        return None
    label = await session.get(Label, nearest.id)
    return SeenBefore(
        nearest.id,
        nearest.posted_at,
        nearest.link,
        label.score if label else None,
        label.bucket if label else None,
    )
