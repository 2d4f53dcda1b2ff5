"""How often the most probable bucket happened, by how probable it was said to be."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.league.intervals import Interval, wilson
from storage.tables import Label, Prediction
from storage.types import Bucket

#: Newest scored predictions that the calibration is taken from.
CALIBRATED_ON = 1000
#: Equal steps of confidence, from 0 to 1, in which posts are put together.
_CONFIDENCE_BINS = 10


@dataclass(frozen=True, slots=True)
class CalibrationPoint:
    """Posts whose most probable bucket had about the same chance, and how often it happened."""

    confidence: float
    happened: float
    n: int
    interval: Interval


async def read_calibration(
    session: AsyncSession, community_id: int | None, since: date, now: datetime
) -> list[CalibrationPoint]:
    """The calibration over the newest scored predictions since a day (UTC); None: everywhere."""
    newest = (
        select(Label.post_id, Label.bucket)
        .where(Label.matured_at >= datetime(since.year, since.month, since.day, tzinfo=now.tzinfo))
        .order_by(Label.matured_at.desc())
        .limit(CALIBRATED_ON)
    )
    if community_id is not None:
        newest = newest.where(Label.community_id == community_id)
    labels = newest.subquery()
    rows = await session.execute(
        select(labels.c.bucket, Prediction.p_low, Prediction.p_medium, Prediction.p_high)
        .join(Prediction, Prediction.post_id == labels.c.post_id)
        .where(Prediction.scored_at.is_not(None))
    )
    return calibration_points(
        (Bucket(bucket), (low, medium, high)) for bucket, low, medium, high in rows
    )


def calibration_points(
    outcomes: Iterable[tuple[Bucket, tuple[float, float, float]]],
) -> list[CalibrationPoint]:
    """How often the most probable bucket happened, by how probable it was said to be.

    Args:
        outcomes: what happened, and P(low), P(medium), P(high).
    """
    confidence: defaultdict[int, float] = defaultdict(float)
    hits: defaultdict[int, int] = defaultdict(int)
    counts: defaultdict[int, int] = defaultdict(int)
    buckets = list(Bucket)
    for happened, chances in outcomes:
        most = max(chances)
        place = min(int(most * _CONFIDENCE_BINS), _CONFIDENCE_BINS - 1)
        confidence[place] += most
        hits[place] += happened is buckets[chances.index(most)]
        counts[place] += 1
    return [
        CalibrationPoint(confidence[place] / n, hits[place] / n, n, wilson(hits[place], n))
        for place, n in sorted(counts.items())
    ]
