"""Labels: the trailing window that a new one is ranked in, and when the newest was written."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Row, func, select, update
from sqlalchemy.orm import Session

from storage.tables import Community, Label, Snapshot
from storage.types import Bucket, Measure


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


def last_score_before(
    session: Session, post_id: int, age_seconds: float
) -> tuple[float, float] | None:
    """Age (seconds) and score of a post's last snapshot that is younger than ``age_seconds``."""
    query = (
        select(Snapshot.age_seconds, Snapshot.score)
        .where(Snapshot.post_id == post_id, Snapshot.age_seconds < age_seconds)
        .order_by(Snapshot.age_seconds.desc())
        .limit(1)
    )
    row = session.execute(query).first()
    return None if row is None else (row.age_seconds, row.score)


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
