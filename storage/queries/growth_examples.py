"""Early and final scores of the same posts: what growth is learned from."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from storage.tables import Community, Label, Nowcast, Prediction, Snapshot
from storage.types import Measure

#: Communities that one leans on: the newest ones of its kind.
_COMMUNITIES = 20


def alike_communities(session: Session, community: Community) -> Sequence[int]:
    """Ids of other communities on the same platform with the same horizon, newest first."""
    query = (
        select(Community.id)
        .where(
            Community.platform == community.platform,
            Community.horizon_seconds == community.horizon_seconds,
            Community.id != community.id,
        )
        .order_by(Community.id.desc())
        .limit(_COMMUNITIES)
    )
    return session.scalars(query).all()


def growth_examples(
    session: Session,
    community_id: int,
    reading: int,
    *,
    before: datetime,
    limit: int,
    latest_age: float,
) -> Sequence[tuple[float, float]]:
    """Early and final score of a community's newest labels that had the reading.

    Args:
        session: to read with.
        community_id: the community.
        reading: the early reading, as its due age in seconds.
        before: labels that matured later, or were written since, are left out: a label that is
            late would otherwise be learned from or not by when somebody asks.
        limit: labels that are looked at.
        latest_age: readings that came at a greater age (seconds) are left out.
    """
    newest = (
        select(Label.post_id, Label.score)
        .where(
            Label.community_id == community_id,
            # What grows from reading to reading is the score, whatever posts are judged by.
            Label.measure == Measure.SCORE,
            Label.matured_at <= before,
            Label.written_at < before,
        )
        .order_by(Label.matured_at.desc(), Label.post_id.desc())
        .limit(limit)
        .subquery()
    )
    query = (
        select(Snapshot.score, newest.c.score)
        .join(newest, newest.c.post_id == Snapshot.post_id)
        .where(Snapshot.reading == reading, Snapshot.age_seconds <= latest_age)
    )
    return [(early, final) for early, final in session.execute(query)]


def newest_finals(
    session: Session, community_id: int, *, before: datetime, limit: int
) -> dict[int, float]:
    """Final scores of a community's newest labels that had matured and were written by ``before``.

    By post id.
    """
    query = (
        select(Label.post_id, Label.score)
        .where(
            Label.community_id == community_id,
            # What grows from reading to reading is the score, whatever posts are judged by.
            Label.measure == Measure.SCORE,
            Label.matured_at <= before,
            Label.written_at < before,
        )
        .order_by(Label.matured_at.desc(), Label.post_id.desc())
        .limit(limit)
    )
    return {row.post_id: row.score for row in session.execute(query)}


def readings_of(
    session: Session, post_ids: Sequence[int]
) -> Mapping[int, Sequence[tuple[float, float, int | None, float | None]]]:
    """Age (seconds), score, comments and share of upvotes of each snapshot, by post id."""
    found: defaultdict[int, list[tuple[float, float, int | None, float | None]]] = defaultdict(list)
    query = (
        select(
            Snapshot.post_id,
            Snapshot.age_seconds,
            Snapshot.score,
            Snapshot.comments,
            Snapshot.upvote_ratio,
        )
        .where(Snapshot.post_id.in_(post_ids))
        .order_by(Snapshot.post_id, Snapshot.reading)
    )
    for post_id, age, score, comments, ratio in session.execute(query):
        found[post_id].append((age, score, comments, ratio))
    return found


def newest_nowcasts(session: Session, post_ids: Sequence[int]) -> dict[int, Nowcast]:
    """The latest second look at each of ``post_ids`` that had one."""
    query = select(Nowcast).where(Nowcast.post_id.in_(post_ids)).order_by(Nowcast.reading)
    return {nowcast.post_id: nowcast for nowcast in session.scalars(query)}


def first_predictions(
    session: Session, post_ids: Sequence[int]
) -> dict[int, tuple[float, float, float]]:
    """10%, 50% and 90% points of the score that was first predicted for each of some posts.

    Left out are posts whose prediction was not read through their own community's scores.
    """
    first = (
        select(func.min(Prediction.id))
        .where(Prediction.post_id.in_(post_ids))
        .group_by(Prediction.post_id)
    )
    query = select(
        Prediction.post_id, Prediction.score_p10, Prediction.score_median, Prediction.score_p90
    ).where(Prediction.id.in_(first), Prediction.quantiles == "community")
    return {
        post_id: (low, median, high)
        for post_id, low, median, high in session.execute(query)
        if low is not None and median is not None and high is not None
    }
