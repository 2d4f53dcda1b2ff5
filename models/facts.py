"""Facts of stored posts: one definition, read one post at a time when serving, all when training.

Whatever is read here must have been known when the post appeared. The records are cut at
``posted_at`` and count only labels that had matured by then.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

import numpy as np
from sqlalchemy import Integer, Row, Select, and_, bindparam, cast, func, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from models.features import PostFacts, Record
from storage.engine.core_tables import table_of
from storage.tables import Image, Label, Post, PostImage

#: Percentiles are summed as whole millionths, so that no order of summing changes a record.
_MILLION = 1_000_000
_LABELS = table_of(Label).c
_MILLIONTHS = cast(
    func.round((_LABELS.percentile_low + _LABELS.percentile_high) * (_MILLION // 2)), Integer
)

#: Labels that records are made of: a damaged one must not reach every later post.
_IS_SOUND = and_(
    _LABELS.percentile_low >= 0,
    _LABELS.percentile_low < _LABELS.percentile_high,
    _LABELS.percentile_high <= 1,
)

_COLUMNS = (
    Post.id, Post.author_id, Post.community_id, Post.title, Post.posted_at,
    Image.width, Image.height, Image.bytes, Image.format, Image.text, PostImage.source,
)  # fmt: skip


def _host(source: str) -> str | None:
    """The host of ``https://…``; None for anything else, which was uploaded."""
    parts = urlsplit(source)
    return parts.hostname if parts.scheme in ("http", "https") else None


def facts_of_image(
    *,
    title: str,
    posted_at: datetime,
    source: str,
    width: int,
    height: int,
    size: int,
    kind: str,
    text: str | None,
    author: Record,
    community: Record,
) -> PostFacts:
    """The facts of one image of one post.

    Args:
        source: where the image was found, as `PostImage` has it.
        width, height: pixels.
        size: bytes.
        kind: format, such as ``JPEG``.
        text: read from the image; None if it was not read.
        author, community: their records at ``posted_at``.
    """
    return PostFacts(
        title=title,
        posted_at=posted_at,
        width=width,
        height=height,
        bytes=size,
        format=kind,
        link_host=_host(source),
        text_in_image=text,
        author=author,
        community=community,
    )


def _facts(row: Row[*tuple[object, ...]], author: Record, community: Record) -> PostFacts:
    values = row._mapping  # noqa: SLF001 - the public name of SQLAlchemy rows
    return facts_of_image(
        title=values[Post.title],
        posted_at=values[Post.posted_at],
        source=values[PostImage.source],
        width=values[Image.width],
        height=values[Image.height],
        size=values[Image.bytes],
        kind=values[Image.format],
        text=values[Image.text],
        author=author,
        community=community,
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
    query = _posts().where(Post.id == post_id, PostImage.image_id == image_id).limit(1)
    row = (await session.execute(query)).one()
    values = row._mapping  # noqa: SLF001
    records = await records_of(
        session,
        post_id=post_id,
        community_id=values[Post.community_id],
        author_id=values[Post.author_id],
        posted_at=values[Post.posted_at],
    )
    return _facts(row, records.author, records.community)


@dataclass(frozen=True, slots=True)
class Records:
    """How the posts of an author and of a community did up to a moment."""

    author: Record
    community: Record


def _matured() -> Select[*tuple[object, ...]]:
    return select(func.count().label("n"), func.sum(_MILLIONTHS).label("total")).where(
        _LABELS.matured_at <= bindparam("posted_at"),
        _LABELS.post_id != bindparam("post_id"),
        _IS_SOUND,
    )


def _records() -> Select[*tuple[object, ...]]:
    labels, posts = table_of(Label), table_of(Post)
    here = (
        _matured()
        .select_from(labels)
        .where(labels.c.community_id == bindparam("community_id"))
        .subquery()
    )
    # The community is asked of the posts, so that the search begins with the author's few posts
    # and not with every label of the community.
    own = (
        _matured()
        .select_from(labels.join(posts, posts.c.id == labels.c.post_id))
        .where(
            posts.c.author_id == bindparam("author_id"),
            posts.c.community_id == bindparam("community_id"),
        )
        .subquery()
    )
    return select(
        here.c.n, here.c.total, own.c.n.label("own_n"), own.c.total.label("own_total")
    ).select_from(here.join(own, true()))


_RECORDS = _records()


async def records_of(
    session: AsyncSession,
    *,
    post_id: int,
    community_id: int,
    author_id: int | None,
    posted_at: datetime,
) -> Records:
    """How an author's posts in a community and all posts there had done when a post appeared."""
    keys = {
        "post_id": post_id,
        "community_id": community_id,
        "author_id": author_id,
        "posted_at": posted_at,
    }
    row = (await session.execute(_RECORDS, keys)).one()
    # No post is nobody's: who has no author finds no labels.
    return Records(_record(row.own_n, row.own_total), _record(row.n, row.total))


async def community_record(session: AsyncSession, community_id: int, moment: datetime) -> Record:
    """How a community's posts did, by the labels that had matured by ``moment``."""
    query = select(func.count(), func.sum(_MILLIONTHS)).where(
        Label.community_id == community_id, Label.matured_at <= moment, _IS_SOUND
    )
    n, total = (await session.execute(query)).one()
    return _record(n, total)


def _record(n: int, millionths: int | None) -> Record:
    return Record(n, int(millionths or 0) / (n * _MILLION)) if n else Record.empty()


class _Ledger:
    """Labels of one author or community in the order they matured, for records at any moment."""

    def __init__(self) -> None:
        self.matured: list[float] = []
        self.millionths: list[int] = []
        self.sums = np.zeros(1, np.int64)

    def close(self) -> None:
        order = np.argsort(self.matured, kind="stable")
        self.matured = np.asarray(self.matured)[order].tolist()
        self.sums = np.concatenate([[0], np.cumsum(np.asarray(self.millionths, np.int64)[order])])

    def at(self, moment: datetime) -> Record:
        # Not NumPy's search: it would copy the whole list for every post.
        n = bisect_right(self.matured, moment.timestamp())
        return _record(n, int(self.sums[n]))


@dataclass(frozen=True, slots=True)
class LabelledFacts:
    """A labelled post as training reads it: its facts, and what became of it beside them."""

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
    authors, communities = await _ledgers(session)
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
        .order_by(Post.posted_at, Post.id)
    )
    async for row in await session.stream(query.execution_options(yield_per=2000)):
        values = row._mapping  # noqa: SLF001
        moment, community = values[Post.posted_at], values[Post.community_id]
        author = values[Post.author_id]
        own = authors.get((community, author)) if author is not None else None
        yield LabelledFacts(
            post_id=values[Post.id],
            image_id=values[Image.id],
            community_id=community,
            platform=str(values[Post.platform]),
            phash=values[Image.phash],
            facts=_facts(
                row,
                own.at(moment) if own is not None else Record.empty(),
                communities[community].at(moment),
            ),
            score=values[Label.score],
            percentile=(values[Label.percentile_low], values[Label.percentile_high]),
            matured_at=values[Label.matured_at],
        )


async def _ledgers(
    session: AsyncSession,
) -> tuple[dict[tuple[int, int], _Ledger], dict[int, _Ledger]]:
    authors: defaultdict[tuple[int, int], _Ledger] = defaultdict(_Ledger)
    communities: defaultdict[int, _Ledger] = defaultdict(_Ledger)
    query = (
        select(Label.community_id, Post.author_id, Label.matured_at, _MILLIONTHS)
        .join(Post, Post.id == Label.post_id)
        .where(_IS_SOUND)
        .execution_options(yield_per=10_000)
    )
    async for community, author, matured_at, millionths in await session.stream(query):
        ledgers = [communities[community]]
        if author is not None:
            ledgers.append(authors[community, author])
        for ledger in ledgers:
            ledger.matured.append(matured_at.timestamp())
            ledger.millionths.append(int(millionths))
    for ledger in (*authors.values(), *communities.values()):
        ledger.close()
    return authors, communities
