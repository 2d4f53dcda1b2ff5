"""Labels: the trailing window that a new one is ranked in, and when the newest was written."""

from bisect import bisect_right, insort
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, Row, func, select, update
from sqlalchemy.orm import Session

from storage.tables import Community, Label, Snapshot
from storage.types import Bucket, Measure

#: Labels between moments no further apart are read whole.
_CLOSE = timedelta(minutes=10)


class Matured(NamedTuple):
    """A label of a window, with what it is put in order by."""

    matured_at: datetime
    post_id: int
    score: float
    bucket: Bucket


def by_its_measure() -> ColumnElement[bool]:
    """The condition that a label is by the measure that its community is judged by now."""
    judged_by = (
        select(Community.measure).where(Community.id == Label.community_id).scalar_subquery()
    )
    return Label.measure == judged_by


def window_before(
    session: Session,
    community_id: int,
    *,
    measure: Measure,
    matured_by: datetime,
    limit: int,
) -> Sequence[Row[float, Bucket]]:
    """Scores and buckets of the community's newest labels by a measure, matured by a moment."""
    query = (
        select(Label.score, Label.bucket)
        .where(
            Label.community_id == community_id,
            Label.matured_at <= matured_by,
            Label.measure == measure,
        )
        .order_by(Label.matured_at.desc(), Label.post_id.desc())
        .limit(limit)
    )
    return session.execute(query).all()


class Windows:
    """The trailing windows of a few new labels of one community, read at once.

    Args:
        session: to read with.
        community: whose labels.
        matured: when the new labels matured; not empty.
        limit: labels in a window, at most.
    """

    def __init__(
        self,
        session: Session,
        community: Community,
        matured: Collection[datetime],
        *,
        limit: int,
    ) -> None:
        self._limit = limit
        query = select(Label.matured_at, Label.post_id, Label.score, Label.bucket).where(
            Label.community_id == community.id, Label.measure == community.measure
        )
        rows: set[Matured] = set()
        # One that is late must not have all read that was labelled since.
        for first, last in _close_together(matured):
            before = (
                query.where(Label.matured_at <= first)
                .order_by(Label.matured_at.desc(), Label.post_id.desc())
                .limit(limit)
            )
            rows |= {Matured(*row) for row in session.execute(before)}
            if first < last:
                between = query.where(Label.matured_at > first, Label.matured_at <= last)
                rows |= {Matured(*row) for row in session.execute(between)}
        #: In the order in which they matured; of what lies between moments that are far from each
        #: other, what no window reaches is left out.
        self._rows = sorted(rows)

    def before(self, matured_by: datetime) -> list[Matured]:
        """The newest labels that matured by one of the moments, the newest first."""
        end = bisect_right(self._rows, matured_by, key=lambda row: row.matured_at)
        return self._rows[max(end - self._limit, 0) : end][::-1]

    def add(self, matured_at: datetime, post_id: int, score: float, bucket: Bucket) -> None:
        """A label that is about to be written: those after it are ranked among it, too."""
        insort(self._rows, Matured(matured_at, post_id, score, bucket))


def _close_together(moments: Collection[datetime]) -> list[tuple[datetime, datetime]]:
    """The first and last of those that follow on each other within `_CLOSE`."""
    spans: list[tuple[datetime, datetime]] = []
    for moment in sorted(moments):
        if spans and moment - spans[-1][1] <= _CLOSE:
            spans[-1] = spans[-1][0], moment
        else:
            spans.append((moment, moment))
    return spans


def last_scores_before(
    session: Session, post_ids: Sequence[int], age_seconds: float
) -> dict[int, tuple[float, float]]:
    """Age (seconds) and score of each post's last snapshot that is younger than ``age_seconds``.

    Posts without such a snapshot are left out.
    """
    query = (
        select(Snapshot.post_id, Snapshot.age_seconds, Snapshot.score)
        .where(Snapshot.post_id.in_(post_ids), Snapshot.age_seconds < age_seconds)
        .order_by(Snapshot.age_seconds)
    )
    return {row.post_id: (row.age_seconds, row.score) for row in session.execute(query)}


def mend_written(session: Session, now: datetime) -> int:
    """Move labels that a wrong clock wrote in the future before ``now``; return how many.

    They keep their order, after all others: streaks go by it.
    """
    future = Label.written_at > now
    before = session.scalar(select(func.max(Label.written_at)).where(~future))
    query = select(Label.post_id).where(future).order_by(Label.written_at, Label.post_id)
    ids = session.scalars(query).all()
    microsecond = timedelta(microseconds=1)
    first = now - len(ids) * microsecond if before is None else before + microsecond
    session.execute(
        update(Label),
        [
            {"post_id": post_id, "written_at": first + number * microsecond}
            for number, post_id in enumerate(ids)
        ],
    )
    return len(ids)


def last_written(session: Session) -> datetime | None:
    """When the newest label was written; None while there is none."""
    query = select(func.max(Label.written_at))
    return session.scalars(query).one()


def count_labels(session: Session, community_id: int) -> int:
    """How many labels a community has, from an index alone."""
    query = select(func.count()).select_from(Label).where(Label.community_id == community_id)
    return session.scalars(query).one()
