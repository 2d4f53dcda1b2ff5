"""Whether an image, or one that looks the same, was posted in a community before."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.tables import Image, Label, Post, PostImage
from storage.types import Bucket, PostState
from trainer.near_duplicates import MAX_DISTANCE

#: A hash is cut into one piece more than may differ: a near-duplicate then has one in common. The
#: database looks for those, and only what it finds is compared bit by bit. First digit and length.
_PIECES = ((1, 3), (4, 3), (7, 3), (10, 3), (13, 4))
assert len(_PIECES) == MAX_DISTANCE + 1  # noqa: S101 - a changed distance needs other pieces


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
    query = (
        select(Post.id, Post.posted_at, Post.link, Image.phash)
        .join(PostImage, PostImage.post_id == Post.id)
        .join(Image, Image.id == PostImage.image_id)
        .where(
            Post.community_id == community_id,
            Post.posted_at < before,
            Post.state.not_in((PostState.WITHDRAWN, PostState.REFUSED)),
            or_(
                *(
                    func.substr(Image.phash, first, length) == phash[first - 1 : first - 1 + length]
                    for first, length in _PIECES
                )
            ),
        )
        .order_by(Post.posted_at.desc(), Post.id.desc())
    )
    if without_post is not None:
        query = query.where(Post.id != without_post)
    candidates = (await session.execute(query)).all()
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
