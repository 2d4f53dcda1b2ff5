"""The labels of imported posts, from the final scores that are stored."""

from bisect import insort
from collections import deque
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from sqlalchemy import Row, bindparam, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.serving.score_scale import bucket_rule
from models.percentiles import WINDOW, tie_interval
from storage.engine.core_tables import table_of
from storage.engine.database import Database
from storage.engine.scopes import LOCKED, community_scope
from storage.tables import Community, ImagelessPost, Label, Post, Snapshot
from storage.types import Bucket, Measure, PostOrigin, PostState

#: What has no image: its id here, when it was posted, its id on the platform, its score.
_Imageless: TypeAlias = Row[int, datetime, str, float | None]


_POSTS, _IMAGELESS_POSTS = table_of(Post), table_of(ImagelessPost)
_IS_LABELLED = (
    update(_POSTS).where(_POSTS.c.id == bindparam("key")).values(state=PostState.LABELLED)
)
_IS_RANKED = (
    update(_IMAGELESS_POSTS)
    .where(_IMAGELESS_POSTS.c.id == bindparam("key"))
    .values(
        matured_at=bindparam("matured"),
        percentile_low=bindparam("low"),
        percentile_high=bindparam("high"),
    )
)


async def label_imported(database: Database, community: Community, now: datetime) -> int:
    """Label every imported post of ``community`` that has no label yet; return how many.

    Percentiles are taken in the order in which scores became final, each among the window
    before it, as if the posts had been watched live. What has no image is ranked in the same
    window, and never in it.
    """
    rule = bucket_rule(community)
    horizon = timedelta(seconds=community.horizon_seconds)
    window = _Window()
    labels: list[dict[str, Any]] = []
    ranked: list[dict[str, Any]] = []

    def rank(post: _Imageless) -> None:
        assert post.score is not None  # noqa: S101 - asked for
        low, high = window.rank(post.score)
        ranked.append(
            {"key": post.id, "matured": post.posted_at + horizon, "low": low, "high": high}
        )

    async with database.write(alone_in=[community_scope(community.id)]) as session:
        # What is withdrawn meanwhile is withdrawn before, or not at all.
        waiting = select(Post.id).where(
            Post.community_id == community.id,
            Post.origin == PostOrigin.IMPORTED,
            Post.state == PostState.AWAITING_SCORE,
        )
        await session.execute(waiting.order_by(Post.id).with_for_update(**LOCKED))
        imageless = deque(await _imageless_scores(session, community))
        for post in await _final_scores(session, community):
            place = post.posted_at, post.source_id
            while imageless and (imageless[0].posted_at, imageless[0].source_id) < place:
                rank(imageless.popleft())
            low, high = window.add(post.score)
            if post.has_label:
                continue
            labels.append(
                {
                    "post_id": post.id,
                    "community_id": community.id,
                    "score": post.score,
                    "measure": Measure.SCORE,
                    "percentile_low": low,
                    "percentile_high": high,
                    "bucket": Bucket(rule.bucket(post.score, (low + high) / 2)),
                    "matured_at": post.posted_at + horizon,
                    "written_at": now,
                }
            )
        for left in imageless:
            rank(left)
        # In one go each: a statement a row took an eighth of an import.
        if labels:
            await session.execute(insert(table_of(Label)), labels)
            await session.execute(_IS_LABELLED, [{"key": each["post_id"]} for each in labels])
        if ranked:
            await session.execute(_IS_RANKED, ranked)
    return len(labels)


class _Window:
    """The trailing window of a community, for labels taken in the order they matured."""

    def __init__(self) -> None:
        self._in_order: deque[float] = deque()
        self._sorted: list[float] = []

    def rank(self, score: float) -> tuple[float, float]:
        """The percentile interval of a score among the window, which it does not enter."""
        return tie_interval(score, self._sorted)

    def add(self, score: float) -> tuple[float, float]:
        """The percentile interval of the next score among the window before it."""
        interval = self.rank(score)
        self._in_order.append(score)
        insort(self._sorted, score)
        if len(self._in_order) >= WINDOW:
            self._sorted.remove(self._in_order.popleft())
        return interval


async def _final_scores(
    session: AsyncSession, community: Community
) -> Sequence[Row[int, datetime, str, float, bool]]:
    """Posts of a community whose final score is known, in the order they matured."""
    query = (
        select(
            Post.id,
            Post.posted_at,
            Post.source_id,
            func.coalesce(Label.score, Snapshot.score).label("score"),
            Label.post_id.is_not(None).label("has_label"),
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
                # Neither refused, nor withdrawn meanwhile.
                & (Post.state == PostState.AWAITING_SCORE)
                & Snapshot.post_id.is_not(None),
            ),
        )
        # By what the file says alone: two imports of one file label it alike.
        .order_by(Post.posted_at, Post.source_id)
    )
    return (await session.execute(query)).all()


async def _imageless_scores(session: AsyncSession, community: Community) -> Sequence[_Imageless]:
    """What has no image and a final score that was not ranked yet, in the order of posting."""
    query = (
        select(
            ImagelessPost.id, ImagelessPost.posted_at, ImagelessPost.source_id, ImagelessPost.score
        )
        .where(
            ImagelessPost.community_id == community.id,
            ImagelessPost.score.is_not(None),
            ImagelessPost.matured_at.is_(None),
        )
        .order_by(ImagelessPost.posted_at, ImagelessPost.source_id)
    )
    return (await session.execute(query)).all()
