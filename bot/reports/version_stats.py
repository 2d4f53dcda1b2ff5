"""How good each model version was: its skill by day, and how often it was right."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.league.intervals import Interval, wilson
from bot.reports.skill import Skill, skill_of
from storage.tables import DailyScore, ModelVersion

#: A point of a curve stands for the labels of so many days up to it: single days are mostly luck.
TRAILING = 7
#: Model versions that have a curve of their own, those with the most posts.
MOST_CURVES = 6


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Skill over the labels of the `TRAILING` days up to and with ``day`` (UTC)."""

    day: date
    skill: Skill


@dataclass(frozen=True, slots=True)
class VersionStats:
    """One model version over the whole span.

    Attributes:
        name: of the version.
        is_champion: whether it serves now.
        skill: over the whole span.
        accuracy: how often its most probable bucket was right, 0 to 1.
        accuracy_interval: 95%.
        base_rate: how often luck would have been right with the same buckets, 0 to 1.
        curve: by day, of days with labels.
    """

    name: str
    is_champion: bool
    skill: Skill
    accuracy: float
    accuracy_interval: Interval
    base_rate: float
    curve: Sequence[CurvePoint]


@dataclass(slots=True)
class _Sums:
    n: int = 0
    hits: int = 0
    expected_hits: float = 0.0
    rps: float = 0.0
    base_rps: float = 0.0
    gain_squared: float = 0.0

    def add(self, other: "_Sums") -> None:
        self.n += other.n
        self.hits += other.hits
        self.expected_hits += other.expected_hits
        self.rps += other.rps
        self.base_rps += other.base_rps
        self.gain_squared += other.gain_squared

    @property
    def skill(self) -> Skill:
        return skill_of(self.n, self.rps, self.base_rps, self.gain_squared)


async def read_versions(
    session: AsyncSession, community_id: int | None, since: date
) -> tuple[list[VersionStats], date | None]:
    """The versions with the most labels since a day (UTC), and the last day with any."""
    # The first point looks back beyond the span, too.
    query = (
        select(
            DailyScore.model_version_id,
            DailyScore.day,
            func.sum(DailyScore.n),
            func.sum(DailyScore.hits),
            func.sum(DailyScore.expected_hits),
            func.sum(DailyScore.rps_sum),
            func.sum(DailyScore.base_rps_sum),
            func.sum(DailyScore.gain_squared_sum),
        )
        .where(DailyScore.day > since - timedelta(days=TRAILING))
        .group_by(DailyScore.model_version_id, DailyScore.day)
    )
    if community_id is not None:
        query = query.where(DailyScore.community_id == community_id)
    by_version: defaultdict[int, dict[date, _Sums]] = defaultdict(dict)
    for version_id, day, n, hits, expected, rps, base_rps, gain in await session.execute(query):
        by_version[version_id][day] = _Sums(n, hits, expected, rps, base_rps, gain)
    totals = {version: _total(days, since) for version, days in by_version.items()}
    busiest = sorted((v for v in totals if totals[v].n), key=lambda v: (-totals[v].n, v))
    rows = await session.execute(
        select(ModelVersion.id, ModelVersion.name, ModelVersion.is_champion).where(
            ModelVersion.id.in_(busiest[:MOST_CURVES])
        )
    )
    names = {version_id: (name, is_champion) for version_id, name, is_champion in rows}
    found = [
        _version(*names[version], totals[version], by_version[version], since)
        for version in busiest[:MOST_CURVES]
    ]
    days = [day for each in by_version.values() for day in each]
    return found, max(days, default=None)


def _total(days: Mapping[date, _Sums], since: date) -> _Sums:
    total = _Sums()
    for day, sums in days.items():
        if day >= since:
            total.add(sums)
    return total


def _version(
    name: str, is_champion: bool, total: _Sums, days: Mapping[date, _Sums], since: date
) -> VersionStats:
    curve = []
    for day in sorted(each for each in days if each >= since):
        trailing = _Sums()
        for back in range(TRAILING):
            trailing.add(days.get(day - timedelta(days=back), _Sums()))
        curve.append(CurvePoint(day, trailing.skill))
    return VersionStats(
        name=name,
        is_champion=is_champion,
        skill=total.skill,
        accuracy=total.hits / total.n,
        accuracy_interval=wilson(total.hits, total.n),
        base_rate=total.expected_hits / total.n,
        curve=curve,
    )
