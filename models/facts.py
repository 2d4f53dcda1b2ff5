"""Facts of stored posts: one definition, read one post at a time when serving, all when training.

Whatever is read here must have been known when the post appeared; the records (`models.records`)
are those of that moment.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.author_record import AuthorRecord
from models.features import PostFacts, Record
from models.records import moment_of, read_ledgers, records_of
from storage.tables import Community, Image, Label, Post, PostImage

_COLUMNS = (
    Post.id, Post.author_id, Post.community_id, Post.title, Post.posted_at, Post.seen_at,
    Image.text, Image.width, Image.height,
)  # fmt: skip


def _facts(row: Row[*tuple[object, ...]], author: AuthorRecord, community: Record) -> PostFacts:
    values = row._mapping  # noqa: SLF001 - the public name of SQLAlchemy rows
    return PostFacts(
        title=values[Post.title],
        posted_at=values[Post.posted_at],
        text_in_image=values[Image.text],
        author=author,
        community=community,
        aspect=values[Image.width] / values[Image.height],
    )


def _posts() -> Select[*tuple[object, ...]]:
    return (
        select(*_COLUMNS)
        .select_from(Post)
        .join(PostImage, PostImage.post_id == Post.id)
        .join(Image, Image.id == PostImage.image_id)
    )


async def facts_of(session: AsyncSession, post_id: int, image_id: int) -> PostFacts:
    """The facts of one image of one stored post, as of the moment it was posted.

    Raises:
        sqlalchemy.exc.NoResultFound: there is no such image in such a post.
    """
    query = (
        _posts()
        .add_columns(Community.horizon_seconds)
        .join(Community, Community.id == Post.community_id)
        .where(Post.id == post_id, PostImage.image_id == image_id)
        .limit(1)
    )
    row = (await session.execute(query)).one()
    values = row._mapping  # noqa: SLF001
    records = await session.run_sync(
        records_of,
        post_id=post_id,
        community_id=values[Post.community_id],
        author_id=values[Post.author_id],
        moment=moment_of(values[Post.posted_at], values[Post.seen_at]),
        horizon_seconds=values[Community.horizon_seconds],
    )
    return _facts(row, records.author, records.community)


@dataclass(frozen=True, slots=True)
class LabelledFacts:
    """A labelled post as training reads it: its facts, and its label beside them."""

    post_id: int
    image_id: int
    community_id: int
    platform: str
    phash: str
    facts: PostFacts
    score: float
    percentile: tuple[float, float]
    matured_at: datetime


async def labelled_facts(session: AsyncSession) -> AsyncIterator[LabelledFacts]:
    """Every labelled post with a usable image, in the order of posting.

    Of a post with several images the first usable one counts.
    """
    ledgers = await read_ledgers(session)
    first = (
        select(PostImage.post_id, func.min(PostImage.position).label("position"))
        .where(PostImage.image_id.is_not(None))
        .group_by(PostImage.post_id)
        .subquery()
    )
    query = (
        _posts()
        .add_columns(Post.platform, Image.id, Image.phash)
        .add_columns(Label.score, Label.percentile_low, Label.percentile_high, Label.matured_at)
        .join(first, (first.c.post_id == Post.id) & (first.c.position == PostImage.position))
        .join(Label, Label.post_id == Post.id)
        .join(Community, Community.id == Post.community_id)
        # What was judged by another measure says nothing of what plays by this one.
        .where(Label.measure == Community.measure)
        .order_by(Post.posted_at, Post.id)
    )
    async for row in await session.stream(query.execution_options(yield_per=2000)):
        values = row._mapping  # noqa: SLF001
        records = ledgers.at(
            values[Post.community_id],
            values[Post.author_id],
            moment_of(values[Post.posted_at], values[Post.seen_at]),
        )
        yield LabelledFacts(
            post_id=values[Post.id],
            image_id=values[Image.id],
            community_id=values[Post.community_id],
            platform=str(values[Post.platform]),
            phash=values[Image.phash],
            facts=_facts(row, records.author, records.community),
            score=values[Label.score],
            percentile=(values[Label.percentile_low], values[Label.percentile_high]),
            matured_at=values[Label.matured_at],
        )
