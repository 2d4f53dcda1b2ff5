"""Whether an image, or one that looks the same, was posted in a community before."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.tables import Image, Label, Post, PostImage
from storage.types import Bucket, PostState
from trainer.near_duplicates import MAX_DISTANCE

#: How many of a community's newest images are compared; identical hashes are found among all.
_COMPARED = 5000


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
    query = _earlier(community_id, before, without_post)
    row = (await session.execute(query.where(Image.phash == phash).limit(1))).first()
    post_id = row.id if row else None
    if post_id is None:
        wanted = int(phash, 16)
        nearest = MAX_DISTANCE + 1
        for each in await session.execute(query.limit(_COMPARED)):
            distance = (int(each.phash, 16) ^ wanted).bit_count()
            if distance < nearest:
                post_id, nearest = each.id, distance
    if post_id is None:
        return None
    found = (
        await session.execute(
            select(Post.posted_at, Post.link, Label.score, Label.bucket)
            .outerjoin(Label, Label.post_id == Post.id)
            .where(Post.id == post_id)
        )
    ).one()
    return SeenBefore(post_id, found.posted_at, found.link, found.score, found.bucket)


def _earlier(
    community_id: int, before: datetime, without_post: int | None
) -> Select[int, str]:
    query = (
        select(Post.id, Image.phash)
        .join(PostImage, PostImage.post_id == Post.id)
        .join(Image, Image.id == PostImage.image_id)
        .where(
            Post.community_id == community_id,
            Post.posted_at < before,
            Post.state.not_in((PostState.WITHDRAWN, PostState.REFUSED)),
        )
        .order_by(Post.posted_at.desc(), Post.id.desc())
    )
    return query if without_post is None else query.where(Post.id != without_post)
