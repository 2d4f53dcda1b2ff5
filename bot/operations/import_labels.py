"""The labels of imported posts, from the final scores that are stored."""

from bisect import insort
from collections import deque
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Row, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.serving.score_scale import bucket_rule
from models.percentiles import WINDOW, tie_interval
from storage.engine.database import Database
from storage.tables import Community, Label, Post, Snapshot
from storage.types import Bucket, PostOrigin, PostState


async def label_imported(database: Database, community: Community, now: datetime) -> int:
    """Label every imported post of ``community`` that has no label yet; return how many.

    Percentiles are taken in the order in which scores became final, each among the window
    before it, as if the posts had been watched live.
    """
    rule = bucket_rule(community)
    horizon = timedelta(seconds=community.horizon_seconds)
    window = _Window()
    labelled = 0
    async with database.write() as session:
        for post_id, posted_at, score, has_label in await _final_scores(session, community):
            low, high = window.add(score)
            if has_label:
                continue
            session.add(
                Label(
                    post_id=post_id,
                    community_id=community.id,
                    score=score,
                    percentile_low=low,
                    percentile_high=high,
                    bucket=Bucket(rule.bucket(score, (low + high) / 2)),
                    matured_at=posted_at + horizon,
                    written_at=now,
                )
            )
            await session.execute(
                update(Post).where(Post.id == post_id).values(state=PostState.LABELLED)
            )
            labelled += 1
    return labelled


class _Window:
    """The trailing window of a community, for labels taken in the order they matured."""

    def __init__(self) -> None:
        self._in_order: deque[float] = deque()
        self._sorted: list[float] = []

    def add(self, score: float) -> tuple[float, float]:
        """The percentile interval of the next score among the window before it."""
        interval = tie_interval(score, self._sorted)
        self._in_order.append(score)
        insort(self._sorted, score)
        if len(self._in_order) >= WINDOW:
            self._sorted.remove(self._in_order.popleft())
        return interval


async def _final_scores(
    session: AsyncSession, community: Community
) -> Sequence[Row[int, datetime, float, bool]]:
    """Posts of a community whose final score is known, in the order they matured."""
    query = (
        select(
            Post.id,
            Post.posted_at,
            func.coalesce(Label.score, Snapshot.score),
            Label.post_id.is_not(None),
        )
        .outerjoin(Label, Label.post_id == Post.id)
        .outerjoin(
            Snapshot,
            (Snapshot.post_id == Post.id) & (Snapshot.reading == community.horizon_seconds),
        )
        .where(
            Post.community_id == community.id,
            or_(
                Label.post_id.is_not(None),
                (Post.origin == PostOrigin.IMPORTED)
                & (Post.state != PostState.REFUSED)
                & Snapshot.post_id.is_not(None),
            ),
        )
        # By what the file says alone: two imports of one file label it alike.
        .order_by(Post.posted_at, Post.source_id)
    )
    return (await session.execute(query)).all()
