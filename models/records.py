"""How earlier posts of an author and of a community did, as of any moment.

Records are cut at the moment they are asked for and count only labels that had matured by then.
"""

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from sqlalchemy import Integer, Select, and_, bindparam, cast, func, select, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from models.features import Record
from storage.engine.core_tables import table_of
from storage.tables import Label, Post

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


def records_of(
    session: Session,
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
    row = session.execute(_RECORDS, keys).one()
    # No post has the author NULL, so that without an author no label is found.
    return Records(_record(row.own_n, row.own_total), _record(row.n, row.total))


def community_record(session: Session, community_id: int, moment: datetime) -> Record:
    """How a community's posts did, by the labels that had matured by ``moment``."""
    query = select(func.count(), func.sum(_MILLIONTHS)).where(
        Label.community_id == community_id, Label.matured_at <= moment, _IS_SOUND
    )
    n, total = session.execute(query).one()
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


async def ledgers(
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
