"""Whether a community's recent labels differ from those before."""

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.queries.labels import by_its_measure
from storage.tables import Label

#: Labels of so many days are compared with those before.
SHIFT_DAYS = 7
#: Fewer recent or earlier labels than this say nothing about a shift; more are not read.
MIN_RECENT, MAX_RECENT = 30, 500
MIN_EARLIER, MAX_EARLIER = 100, 1000
#: The share of comparisons without a shift that may look like one by chance.
SHIFT_ALPHA = 0.001
#: A shift smaller than this (the most by which two shares differ) is too small to matter.
SHIFT_FLOOR = 0.15


@dataclass(frozen=True, slots=True)
class Shift:
    """How recent labels differ from those before.

    Attributes:
        distance: the largest difference of the two cumulative shares, 0 to 1 (Kolmogorov and
            Smirnov).
        bound: what it reaches by chance once in a thousand times, with so many labels.
        recent: labels of the last days.
        earlier: labels before.
        recent_median: score.
        earlier_median: score.
    """

    distance: float
    bound: float
    recent: int
    earlier: int
    recent_median: float
    earlier_median: float

    @property
    def is_shifted(self) -> bool:
        """Whether it is more than chance, and enough to matter."""
        return self.distance > max(self.bound, SHIFT_FLOOR)


def label_shift(recent: Sequence[float], earlier: Sequence[float]) -> Shift | None:
    """Compare recent scores with earlier ones; None where there are too few to tell."""
    if len(recent) < MIN_RECENT or len(earlier) < MIN_EARLIER:
        return None
    new, old = sorted(recent), sorted(earlier)
    n, m = len(new), len(old)
    distance = max(
        abs(bisect_right(new, score) / n - bisect_right(old, score) / m) for score in {*new, *old}
    )
    bound = math.sqrt(-math.log(SHIFT_ALPHA / 2) / 2) * math.sqrt((n + m) / (n * m))
    return Shift(distance, bound, n, m, new[n // 2], old[m // 2])


async def read_label_shifts(session: AsyncSession, now: datetime) -> Mapping[int, Shift]:
    """Compare the labels of the last `SHIFT_DAYS` days with those before, by community.

    One query finds where there are enough of them to tell; the others cost nothing.
    """
    enough = await session.scalars(
        select(Label.community_id)
        .where(
            Label.matured_at > now - timedelta(days=SHIFT_DAYS),
            Label.matured_at <= now,
            by_its_measure(),
        )
        .group_by(Label.community_id)
        .having(func.count() >= MIN_RECENT)
        .order_by(Label.community_id)
    )
    found = {each: await _read_label_shift(session, each, now) for each in enough.all()}
    return {each: shift for each, shift in found.items() if shift is not None}


async def _read_label_shift(
    session: AsyncSession, community_id: int, now: datetime
) -> Shift | None:
    begin = now - timedelta(days=SHIFT_DAYS)
    here = select(Label.score).where(Label.community_id == community_id, by_its_measure())
    newest_first = here.order_by(Label.matured_at.desc())
    recent = await session.scalars(
        newest_first.where(Label.matured_at > begin, Label.matured_at <= now).limit(MAX_RECENT)
    )
    earlier = await session.scalars(
        newest_first.where(Label.matured_at <= begin).limit(MAX_EARLIER)
    )
    return label_shift(recent.all(), earlier.all())
