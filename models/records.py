"""How earlier posts of an author and of a community did, as of any moment.

Records are cut at the moment they are asked for and count only labels that had matured by then.
What counts in an author's is said in `models.author_record`; nothing is known of authors who are
NULL or opted out. The moment is that of the post (`moment_of`). What was published without an image
counts as posts do.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from operator import itemgetter
from typing import Any, TypeVar

import numpy as np
from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    Table,
    and_,
    bindparam,
    case,
    cast,
    false,
    func,
    literal_column,
    null,
    select,
    true,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from models.author_record import LOOK_BACK, MILLION, AuthorRecord, EarlierPost, author_record
from models.features import Record
from models.pace import MOST_POSTS, Pace
from storage.engine.core_tables import table_of
from storage.tables import Author, Community, ImagelessPost, Label, Post

_LABELS, _POSTS, _AUTHORS = table_of(Label), table_of(Post), table_of(Author)
_IMAGELESS = table_of(ImagelessPost)

_Row = TypeVar("_Row")


def _number(value: int) -> ColumnElement[int]:
    """Written out: of what is bound each takes longer than the comparison with it."""
    return literal_column(str(value), Integer)


#: Half a million: the mean of two percentiles, in millionths.
_HALF = _number(MILLION // 2)
#: SQLite binds a number that says how many are skipped, unless one is said.
_NONE_LEFT_OUT = _number(0)


def _millionths(table: Table) -> ColumnElement[int]:
    return cast(func.round((table.c.percentile_low + table.c.percentile_high) * _HALF), Integer)


def _is_sound(table: Table) -> ColumnElement[bool]:
    """Whether a percentile is there and sound: a damaged one must not reach every later post."""
    return and_(
        table.c.percentile_low >= _number(0),
        table.c.percentile_low < table.c.percentile_high,
        table.c.percentile_high <= _number(1),
    )


@dataclass(frozen=True, slots=True)
class Records:
    """How the posts of an author and of a community did up to a moment."""

    author: AuthorRecord
    community: Record


def moment_of(posted_at: datetime, seen_at: datetime) -> datetime:
    """As of when a post's records are: when it was posted.

    A post may be dated later than it was seen, by a clock that is wrong; then it is when it was
    seen, because nothing later was known.
    """
    return min(posted_at, seen_at)


def _newest(table: Table) -> Select[datetime]:
    """When the newest posts of a community before a moment were posted."""
    return (
        select(table.c.posted_at)
        .where(
            table.c.community_id == bindparam("community_id"),
            table.c.posted_at < bindparam("moment"),
        )
        .order_by(table.c.posted_at.desc())
        .limit(_number(MOST_POSTS))
        .offset(_NONE_LEFT_OUT)
    )


def _newest_posts() -> Select[datetime]:
    both = union_all(
        *(select(_newest(table).subquery().c.posted_at) for table in (_POSTS, _IMAGELESS))
    ).subquery()
    return (
        select(both.c.posted_at)
        .order_by(both.c.posted_at.desc())
        .limit(_number(MOST_POSTS))
        .offset(_NONE_LEFT_OUT)
    )


def _matured(table: Table, *but: ColumnElement[bool]) -> Select[int, int | None]:
    """How many percentiles of a community were known at a moment, and their sum."""
    return select(func.count().label("n"), func.sum(_millionths(table)).label("total")).where(
        table.c.community_id == bindparam("community_id"),
        table.c.matured_at <= bindparam("moment"),
        _is_sound(table),
        *but,
    )


def _known_here(*but: ColumnElement[bool]) -> Select[int, int | None]:
    """The same of posts with an image and without."""
    each = union_all(_matured(_LABELS, *but), _matured(_IMAGELESS)).subquery()
    return select(func.sum(each.c.n).label("n"), func.sum(each.c.total).label("total"))


def _records() -> Select[int, int | None, bool | None, datetime | None, int | None, int, int]:
    here = _known_here(_LABELS.c.post_id != bindparam("post_id")).subquery()
    known = and_(
        _LABELS.c.post_id == _POSTS.c.id,
        _LABELS.c.matured_at <= bindparam("moment"),
        _is_sound(_LABELS),
    )
    who = (
        select(_AUTHORS.c.id)
        .where(_AUTHORS.c.id == bindparam("author_id"), _AUTHORS.c.opted_out_at.is_(None))
        .scalar_subquery()
    )
    is_ranked = and_(_IMAGELESS.c.matured_at <= bindparam("moment"), _is_sound(_IMAGELESS))

    def newest(table: Table, *age: ColumnElement[bool]) -> Select[Any]:
        # The search begins with the author's newest posts, and not with the labels.
        if table is _POSTS:
            found = select(table.c.id, table.c.posted_at, _millionths(_LABELS).label("millionths"))
            found = found.select_from(table.outerjoin(_LABELS, known))
            found = found.where(table.c.id != bindparam("post_id"))
        else:
            millionths = case((is_ranked, _millionths(table)))
            found = select(table.c.id, table.c.posted_at, millionths.label("millionths"))
        some = (
            found.where(
                table.c.author_id == who, table.c.community_id == bindparam("community_id"), *age
            )
            .order_by(table.c.posted_at.desc(), table.c.id.desc())
            .limit(_number(LOOK_BACK))
            .offset(_NONE_LEFT_OUT)
            .subquery()
        )
        return select(
            true().label("own"), some.c.posted_at, some.c.millionths,
            _number(int(table is _POSTS)).label("has_image"), some.c.id,
        )  # fmt: skip

    def by_age(table: Table) -> Iterator[Select[Any]]:
        posted_at = table.c.posted_at
        yield newest(table, posted_at < bindparam("moment"), posted_at > bindparam("waits_since"))
        yield newest(table, posted_at <= bindparam("waits_since"))

    before = _newest_posts().subquery()
    of_all = select(false(), before.c.posted_at, cast(null(), Integer), _number(1), _number(0))
    earlier = union_all(*by_age(_POSTS), *by_age(_IMAGELESS), of_all).subquery()
    return select(
        here.c.n, here.c.total, earlier.c.own, earlier.c.posted_at, earlier.c.millionths,
        earlier.c.has_image, earlier.c.id,
    ).select_from(here.outerjoin(earlier, true()))  # fmt: skip


_RECORDS = _records()
_NEWEST_POSTS = _newest_posts()
_KNOWN_HERE = _known_here()


def records_of(
    session: Session,
    *,
    post_id: int,
    community_id: int,
    author_id: int | None,
    moment: datetime,
    horizon_seconds: float,
) -> Records:
    """How an author's posts in a community and all posts there had done by a moment.

    Args:
        session: a read session.
        post_id: the post that the records are for; it does not count itself.
        community_id: of the community.
        author_id: None: nobody known.
        moment: as `moment_of` gives it; aware.
        horizon_seconds: of the community.
    """
    waits_since = moment - timedelta(seconds=horizon_seconds)
    keys = {
        "post_id": post_id,
        "community_id": community_id,
        "author_id": author_id,
        "moment": moment,
        "waits_since": waits_since,
    }
    rows = session.execute(_RECORDS, keys).all()
    # Beside the community's numbers stand the author's posts and its own newest ones, or nothing
    # where there are none.
    posts = sorted(
        (row.posted_at.timestamp(), row.has_image, row.id, row.millionths)
        for row in rows
        if row.own and row.posted_at is not None
    )
    old = bisect_right(posts, waits_since.timestamp(), key=itemgetter(0))
    own = author_record(
        [EarlierPost(at, known) for at, _, _, known in _looked_at(posts, old, len(posts))],
        moment=moment.timestamp(),
        waits_since=waits_since.timestamp(),
    )
    times = [row.posted_at for row in rows if row.own is not None and not row.own]
    n, total = rows[0][:2]
    return Records(own, _record(n, total, _pace(times, moment)))


def community_record(session: Session, community_id: int, moment: datetime) -> Record:
    """How a community's posts did and how densely they came, as known at ``moment``."""
    keys = {"community_id": community_id, "moment": moment}
    n, total = session.execute(_KNOWN_HERE, keys).one()
    return _record(n, total, _pace(session.scalars(_NEWEST_POSTS, keys), moment))


def _looked_at(posts: Sequence[_Row], old: int, end: int) -> Iterator[_Row]:
    """Of an author's first ``end`` posts, ``old`` of them past the horizon, those that count."""
    return chain(posts[max(old - LOOK_BACK, 0) : old], posts[max(end - LOOK_BACK, old) : end])


def _pace(times: Iterable[datetime], moment: datetime) -> Pace:
    newest = sorted((posted_at.timestamp() for posted_at in times), reverse=True)
    return Pace.of(newest[:MOST_POSTS], moment.timestamp())


def _record(n: int, millionths: int | None, pace: Pace) -> Record:
    # PostgreSQL gives sums of sums as decimals.
    n = int(n)
    mean = int(millionths or 0) / (n * MILLION) if n else Record.empty().mean_percentile
    return Record(n, mean, pace)


class CommunityLedger:
    """Posts and labels of one community in order of time, for its record at any moment."""

    def __init__(self) -> None:
        self._posted: list[float] = []
        self._matured: list[float] = []
        self._millionths: list[int] = []
        self._sums = np.zeros(1, np.int64)

    def add_post(self, posted_at: float) -> None:
        """Add a post, with a label or without: when it was posted, seconds since 1970."""
        self._posted.append(posted_at)

    def add(self, matured_at: float, millionths: int) -> None:
        """Add a label: when it matured (seconds since 1970) and its percentile."""
        self._matured.append(matured_at)
        self._millionths.append(millionths)

    def close(self) -> None:
        """Nothing more comes: sort."""
        self._posted.sort()
        order = np.argsort(self._matured, kind="stable")
        self._matured = np.asarray(self._matured)[order].tolist()
        sums = np.cumsum(np.asarray(self._millionths, np.int64)[order])
        self._sums = np.concatenate([[0], sums])

    def at(self, moment: datetime) -> Record:
        """The record by the labels that had matured by ``moment``, and the posts before it."""
        now = moment.timestamp()
        # Not NumPy's search: it would copy the whole list for every post.
        n = bisect_right(self._matured, now)
        end = bisect_left(self._posted, now)
        newest = self._posted[max(end - MOST_POSTS, 0) : end][::-1]
        return _record(n, int(self._sums[n]), Pace.of(newest, now))


class AuthorLedger:
    """Posts of one author in one community in order of time, for the record at any moment."""

    def __init__(self) -> None:
        #: When posted, whether with an image, its id, when its percentile was known (infinity:
        #: never), and that.
        self._posts: list[tuple[float, bool, int, float, int]] = []

    def add(
        self,
        posted_at: float,
        post_id: int,
        matured_at: float,
        millionths: int,
        *,
        has_image: bool = True,
    ) -> None:
        """Add a post; times in seconds since 1970, ``matured_at`` infinite without a label."""
        self._posts.append((posted_at, has_image, post_id, matured_at, millionths))

    def close(self) -> None:
        """Nothing more comes: sort."""
        self._posts.sort()

    def at(self, moment: datetime, *, horizon_seconds: float) -> AuthorRecord:
        """The record of what was posted before ``moment``, by the labels matured by then."""
        now = moment.timestamp()
        waits_since = (moment - timedelta(seconds=horizon_seconds)).timestamp()
        end = bisect_left(self._posts, (now,))
        old = bisect_right(self._posts, waits_since, hi=end, key=itemgetter(0))
        return author_record(
            [
                EarlierPost(posted_at, millionths if matured_at <= now else None)
                for posted_at, _, _, matured_at, millionths in _looked_at(self._posts, old, end)
            ],
            moment=now,
            waits_since=waits_since,
        )


@dataclass(frozen=True, slots=True)
class Ledgers:
    """Everything that records of posts in the database are made from."""

    authors: dict[tuple[int, int], AuthorLedger]
    communities: dict[int, CommunityLedger]
    #: Of each community, seconds.
    horizons: dict[int, int]

    def at(self, community_id: int, author_id: int | None, moment: datetime) -> Records:
        """As `records_of`."""
        # Of nobody and of people who opted out there is no ledger.
        own = self.authors.get((community_id, author_id)) if author_id is not None else None
        return Records(
            own.at(moment, horizon_seconds=self.horizons[community_id])
            if own is not None
            else AuthorRecord.empty(),
            self.communities[community_id].at(moment),
        )


async def read_ledgers(session: AsyncSession) -> Ledgers:
    """Read every post and label once, for the records of all posts."""
    found = await session.execute(select(Community.id, Community.horizon_seconds))
    horizons = dict(found.all())
    communities = {key: CommunityLedger() for key in horizons}
    authors: defaultdict[tuple[int, int], AuthorLedger] = defaultdict(AuthorLedger)
    by_ten_thousand = {"yield_per": 10_000}
    for table in (_LABELS, _IMAGELESS):
        known = (
            select(table.c.community_id, table.c.matured_at, _millionths(table))
            .where(_is_sound(table))
            .execution_options(**by_ten_thousand)
        )
        async for community, matured_at, millionths in await session.stream(known):
            communities[community].add(matured_at.timestamp(), int(millionths))
    for table in (_POSTS, _IMAGELESS):
        times = select(table.c.community_id, table.c.posted_at)
        rows = await session.stream(times.execution_options(**by_ten_thousand))
        async for community, posted_at in rows:
            communities[community].add_post(posted_at.timestamp())
    with_label = _POSTS.outerjoin(
        _LABELS, and_(_LABELS.c.post_id == _POSTS.c.id, _is_sound(_LABELS))
    )
    for table, source, ranked in (
        (_POSTS, with_label, _LABELS),
        (_IMAGELESS, _IMAGELESS, _IMAGELESS),
    ):
        is_ranked = _is_sound(ranked)
        posts = (
            select(
                table.c.community_id, table.c.author_id, table.c.posted_at, table.c.id,
                case((is_ranked, ranked.c.matured_at)), case((is_ranked, _millionths(ranked))),
            )
            .select_from(source.join(_AUTHORS, _AUTHORS.c.id == table.c.author_id))
            .where(_AUTHORS.c.opted_out_at.is_(None))
            .execution_options(**by_ten_thousand)
        )  # fmt: skip
        async for (
            community,
            author,
            posted_at,
            post,
            matured_at,
            millionths,
        ) in await session.stream(posts):
            authors[community, author].add(
                posted_at.timestamp(),
                post,
                float("inf") if matured_at is None else matured_at.timestamp(),
                int(millionths or 0),
                has_image=table is _POSTS,
            )
    for own in authors.values():
        own.close()
    for all_posts in communities.values():
        all_posts.close()
    return Ledgers(dict(authors), communities, horizons)
