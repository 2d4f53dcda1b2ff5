"""Final scores that wait for others to be compared with, and how many different ones there are."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Row, func, or_, select, union
from sqlalchemy.orm import Session

from storage.queries.labels import by_its_measure
from storage.tables import Label, Post, Reply, WaitingScore
from storage.types import PlatformName, PostState, ReplyState


def communities_that_wait(session: Session) -> Sequence[int]:
    """Ids of communities with scores that wait."""
    return session.scalars(select(WaitingScore.community_id).distinct()).all()


def waiting_scores(session: Session, community_id: int) -> Sequence[Row[int, float, datetime]]:
    """Post id, score and moment of each score that waits in a community, the oldest first.

    Those of posts that were withdrawn meanwhile are left out.
    """
    query = (
        select(WaitingScore.post_id, WaitingScore.score, WaitingScore.matured_at)
        .join(Post, Post.id == WaitingScore.post_id)
        .where(WaitingScore.community_id == community_id, Post.state == PostState.AWAITING_SCORE)
        .order_by(WaitingScore.matured_at, WaitingScore.post_id)
    )
    return session.execute(query).all()


def different_scores(session: Session, community_id: int, *, limit: int) -> int:
    """How many different final scores a community has, in its newest labels and in what waits.

    Args:
        session: to read with.
        community_id: the community.
        limit: labels that are looked at.
    """
    newest = (
        select(Label.score)
        .where(Label.community_id == community_id, by_its_measure())
        .order_by(Label.matured_at.desc(), Label.post_id.desc())
        .limit(limit)
        .subquery()
    )
    waiting = (
        select(WaitingScore.score)
        .join(Post, Post.id == WaitingScore.post_id)
        .where(WaitingScore.community_id == community_id, Post.state == PostState.AWAITING_SCORE)
    )
    different = union(select(newest.c.score), waiting).subquery()
    return session.scalars(select(func.count()).select_from(different)).one()


def replies_that_wait(
    session: Session,
    platforms: Collection[PlatformName],
    *,
    now: datetime,
    without_communities: Collection[int] = (),
) -> dict[int, int | None]:
    """Posts on ``platforms`` that were answered and whose final score waits.

    By id, with what their reply says is missing; None where it says nothing of it yet. Left out
    are posts in ``without_communities``, and those whose reply is changed later.
    """
    query = (
        select(WaitingScore.post_id, WaitingScore.shown_missing)
        .join(Post, Post.id == WaitingScore.post_id)
        .join(Reply, Reply.post_id == WaitingScore.post_id)
        .where(
            Post.state == PostState.AWAITING_SCORE,
            Post.platform.in_(platforms),
            Reply.state == ReplyState.SENT,
            or_(Reply.retry_at.is_(None), Reply.retry_at <= now),
            Post.community_id.not_in(without_communities),
        )
        .order_by(WaitingScore.matured_at, WaitingScore.post_id)
    )
    return {row.post_id: row.shown_missing for row in session.execute(query)}
