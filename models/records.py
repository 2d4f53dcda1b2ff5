"""How earlier posts of an author and of a community did, as of any moment.

Records are cut at the moment they are asked for and count only labels that had matured by then.
What counts in an author's is said in `models.author_record`; nothing is known of authors who are
NULL or opted out. The moment is that of the post (`moment_of`).
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from operator import itemgetter

import numpy as np
from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    and_,
    bindparam,
    cast,
    func,
    literal,
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
from storage.tables import Author, Community, Label, Post

_LABELS, _POSTS, _AUTHORS = table_of(Label), table_of(Post), table_of(Author)

_MILLIONTHS = cast(
    func.round((_LABELS.c.percentile_low + _LABELS.c.percentile_high) * (MILLION // 2)), Integer
)

#: Labels that records are made of: a damaged one must not reach every later post.
_IS_SOUND = and_(
    _LABELS.c.percentile_low >= 0,
    _LABELS.c.percentile_low < _LABELS.c.percentile_high,
    _LABELS.c.percentile_high <= 1,
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


def _newest_posts() -> Select[datetime]:
    return (
        select(_POSTS.c.posted_at)
        .where(
            _POSTS.c.community_id == bindparam("community_id"),
            _POSTS.c.posted_at < bindparam("moment"),
        )
        .order_by(_POSTS.c.posted_at.desc())
        .limit(MOST_POSTS)
    )


def _records() -> Select[int, int | None, bool | None, datetime | None, int | None]:
    here = (
        select(func.count().label("n"), func.sum(_MILLIONTHS).label("total"))
        .where(
            _LABELS.c.community_id == bindparam("community_id"),
            _LABELS.c.matured_at <= bindparam("moment"),
            _LABELS.c.post_id != bindparam("post_id"),
            _IS_SOUND,
        )
        .subquery()
    )
    known = and_(
        _LABELS.c.post_id == _POSTS.c.id, _LABELS.c.matured_at <= bindparam("moment"), _IS_SOUND
    )
    who = (
        select(_AUTHORS.c.id)
        .where(_AUTHORS.c.id == bindparam("author_id"), _AUTHORS.c.opted_out_at.is_(None))
        .scalar_subquery()
    )

    def newest(*age: ColumnElement[bool]) -> Select[bool, datetime, int | None]:
        # The search begins with the author's newest posts, and not with the labels.
        found = (
            select(_POSTS.c.posted_at, _MILLIONTHS.label("millionths"))
            .select_from(_POSTS.outerjoin(_LABELS, known))
            .where(
                _POSTS.c.author_id == who,
                _POSTS.c.community_id == bindparam("community_id"),
                _POSTS.c.id != bindparam("post_id"),
                *age,
            )
            .order_by(_POSTS.c.posted_at.desc(), _POSTS.c.id.desc())
            .limit(LOOK_BACK)
            .subquery()
        )
        return select(literal(True).label("own"), found.c.posted_at, found.c.millionths)

    before = _newest_posts().subquery()
    earlier = union_all(
        newest(
            _POSTS.c.posted_at < bindparam("moment"), _POSTS.c.posted_at > bindparam("waits_since")
        ),
        newest(_POSTS.c.posted_at <= bindparam("waits_since")),
        select(literal(False), before.c.posted_at, cast(null(), Integer)),
    ).subquery()
    return select(
        here.c.n, here.c.total, earlier.c.own, earlier.c.posted_at, earlier.c.millionths
    ).select_from(here.outerjoin(earlier, true()))


_RECORDS = _records()
_NEWEST_POSTS = _newest_posts()


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
    own = author_record(
        [
            EarlierPost(posted_at.timestamp(), millionths)
            for _, _, is_own, posted_at, millionths in rows
            if is_own and posted_at is not None
        ],
        moment=moment.timestamp(),
        waits_since=waits_since.timestamp(),
    )
    newest = sorted(
        (row.posted_at.timestamp() for row in rows if row.own is not None and not row.own),
        reverse=True,
    )
    n, total = rows[0][:2]
    return Records(own, _record(n, total, Pace.of(newest, moment.timestamp())))


def community_record(session: Session, community_id: int, moment: datetime) -> Record:
    """How a community's posts did and how densely they came, as known at ``moment``."""
    query = select(func.count(), func.sum(_MILLIONTHS)).where(
        Label.community_id == community_id, Label.matured_at <= moment, _IS_SOUND
    )
    n, total = session.execute(query).one()
    newest = session.scalars(_NEWEST_POSTS, {"community_id": community_id, "moment": moment})
    pace = Pace.of([posted_at.timestamp() for posted_at in newest], moment.timestamp())
    return _record(n, total, pace)


def _record(n: int, millionths: int | None, pace: Pace) -> Record:
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
        #: When posted, the post, when its label matured (infinity: none), its percentile.
        self._posts: list[tuple[float, int, float, int]] = []

    def add(self, posted_at: float, post_id: int, matured_at: float, millionths: int) -> None:
        """Add a post; times in seconds since 1970, ``matured_at`` infinite without a label."""
        self._posts.append((posted_at, post_id, matured_at, millionths))

    def close(self) -> None:
        """Nothing more comes: sort."""
        self._posts.sort()

    def at(self, moment: datetime, *, horizon_seconds: float) -> AuthorRecord:
        """The record of what was posted before ``moment``, by the labels matured by then."""
        now = moment.timestamp()
        waits_since = (moment - timedelta(seconds=horizon_seconds)).timestamp()
        end = bisect_left(self._posts, (now,))
        old = bisect_right(self._posts, waits_since, hi=end, key=itemgetter(0))
        looked_at = chain(
            self._posts[max(old - LOOK_BACK, 0) : old],
            self._posts[max(end - LOOK_BACK, old) : end],
        )
        return author_record(
            [
                EarlierPost(posted_at, millionths if matured_at <= now else None)
                for posted_at, _, matured_at, millionths in looked_at
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
    labels = (
        select(Label.community_id, Label.matured_at, _MILLIONTHS)
        .where(_IS_SOUND)
        .execution_options(yield_per=10_000)
    )
    async for community, matured_at, millionths in await session.stream(labels):
        communities[community].add(matured_at.timestamp(), int(millionths))
    times = select(Post.community_id, Post.posted_at).execution_options(yield_per=10_000)
    async for community, posted_at in await session.stream(times):
        communities[community].add_post(posted_at.timestamp())
    posts = (
        select(
            Post.community_id, Author.id, Post.posted_at, Post.id, Label.matured_at,
            _MILLIONTHS,
        )
        .join(Author, Author.id == Post.author_id)
        .outerjoin(Label, and_(Label.post_id == Post.id, _IS_SOUND))
        .where(Author.opted_out_at.is_(None))
        .execution_options(yield_per=10_000)
    )  # fmt: skip
    async for community, author, posted_at, post, matured_at, millionths in await session.stream(
        posts
    ):
        authors[community, author].add(
            posted_at.timestamp(),
            post,
            float("inf") if matured_at is None else matured_at.timestamp(),
            int(millionths or 0),
        )
    for own in authors.values():
        own.close()
    for all_posts in communities.values():
        all_posts.close()
    return Ledgers(dict(authors), communities, horizons)
