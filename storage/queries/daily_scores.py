"""Sums of what predictions scored, day by day and version by version."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.tables import DailyScore


class ScoreSums(NamedTuple):
    """Scored predictions of some days: how many, and the sums of what they scored."""

    n: int
    rps: float
    base_rps: float
    gain_squared: float


async def sums_by_community(
    session: AsyncSession,
    *,
    after: date,
    version_id: int | None = None,
    communities: Collection[int] | None = None,
) -> Mapping[int, ScoreSums]:
    """The sums of each community in which anything was scored.

    Args:
        session: a read session.
        after: days after this one count.
        version_id: of one model version; None: of whatever served.
        communities: their ids; None: all.
    """
    query = (
        select(
            DailyScore.community_id,
            func.sum(DailyScore.n),
            func.sum(DailyScore.rps_sum),
            func.sum(DailyScore.base_rps_sum),
            func.sum(DailyScore.gain_squared_sum),
        )
        .where(DailyScore.day > after)
        .group_by(DailyScore.community_id)
    )
    if version_id is not None:
        query = query.where(DailyScore.model_version_id == version_id)
    if communities is not None:
        query = query.where(DailyScore.community_id.in_(communities))
    rows = await session.execute(query)
    return {community: ScoreSums(int(n), *sums) for community, n, *sums in rows if n}
