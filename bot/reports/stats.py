"""How good the predictions are and what speaking does, read from the daily sums.

The sums grow with every label; nothing here counts posts, but for the newest ones that the
calibration is taken from.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TypeAlias

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.league.leaderboard import wilson
from bot.runtime.clock import now as present
from storage.tables import DailyLabel, DailyScore, Label, ModelVersion, Prediction
from storage.types import Bucket

#: A point of a curve stands for the labels of so many days up to it: single days are mostly luck.
TRAILING = 7
#: Newest scored predictions that the calibration is taken from.
CALIBRATED_ON = 1000
#: Equal steps of confidence, from 0 to 1, in which posts are put together.
_CONFIDENCE_BINS = 10
#: Model versions that have a curve of their own, those with the most posts.
MOST_CURVES = 6
#: Normal quantile of a two-sided 95% interval.
Z = 1.959964

Interval: TypeAlias = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Skill:
    """How much lower predictions scored than the base rate, over some labels.

    Attributes:
        n: labels.
        skill: 1 − RPS / base rate's RPS: 1 is perfect, 0 no better, negative worse.
        interval: 95%, from the spread of what each post gained; None for a single label.
    """

    n: int
    skill: float
    interval: Interval | None


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


@dataclass(frozen=True, slots=True)
class CalibrationPoint:
    """Posts whose most probable bucket had about the same chance, and how often it happened."""

    confidence: float
    happened: float
    n: int
    interval: Interval


@dataclass(frozen=True, slots=True)
class SpeakingEffect:
    """What replying does to the score, as a factor, with its 95% interval.

    From the difference of the means of log(1 + score) of posts that were answered and posts that
    chance alone kept from it (Welch). 1.1 means about a tenth more.
    """

    factor: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class Stats:
    """Everything of one community, or of all, over a span of days (UTC).

    Attributes:
        since: first day.
        until: last day with a label, or the first day where there is none.
        labels: labels of live posts.
        spoken: of these, posts that were answered.
        silent: of these, posts that chance alone kept from being answered.
        effect: of speaking; None until both sides have two labels.
        versions: those with the most labels first.
        calibration: ascending confidence, over the newest scored predictions.
    """

    community_id: int | None
    since: date
    until: date
    labels: int
    spoken: int
    silent: int
    effect: SpeakingEffect | None
    versions: Sequence[VersionStats] = field(default_factory=tuple)
    calibration: Sequence[CalibrationPoint] = field(default_factory=tuple)


async def read_stats(
    session: AsyncSession, *, community_id: int | None, days: int, now: datetime | None = None
) -> Stats:
    """Read the stats of the last ``days`` days.

    Args:
        session: a read session.
        community_id: None: all communities together.
        days: at least 1; today is one of them.
        now: aware; None: the present moment.
    """
    now = now or present()
    since = now.date() - timedelta(days=max(days, 1) - 1)
    labels, sums, last = await _label_sums(session, community_id, since)
    versions, last_scored = await _versions(session, community_id, since)
    return Stats(
        community_id=community_id,
        since=since,
        until=max(last or since, last_scored or since),
        labels=labels,
        spoken=sums.spoken_n,
        silent=sums.silent_n,
        effect=speaking_effect(sums),
        versions=versions,
        calibration=await _calibration(session, community_id, since, now),
    )


@dataclass(frozen=True, slots=True)
class LabelSums:
    """Sums of log(1 + max(score, 0)) over labels, of posts answered and silent by chance."""

    spoken_n: int
    spoken_sum: float
    spoken_squared: float
    silent_n: int
    silent_sum: float
    silent_squared: float


def speaking_effect(sums: LabelSums) -> SpeakingEffect | None:
    """What speaking does; None until both sides have two labels."""
    if min(sums.spoken_n, sums.silent_n) < 2:
        return None
    spoken, spoken_error = _mean(sums.spoken_n, sums.spoken_sum, sums.spoken_squared)
    silent, silent_error = _mean(sums.silent_n, sums.silent_sum, sums.silent_squared)
    difference = spoken - silent
    width = _welch_t(sums, spoken_error, silent_error) * math.sqrt(spoken_error + silent_error)
    return SpeakingEffect(
        math.exp(difference), (math.exp(difference - width), math.exp(difference + width))
    )


def skill_of(n: int, rps: float, base_rps: float, gain_squared: float) -> Skill:
    """The skill that sums over ``n`` labels stand for.

    Args:
        n: at least 1.
        rps: sum of ranked probability scores.
        base_rps: sum of what the base rate scored.
        gain_squared: sum of the squares of what each post gained over the base rate.
    """
    if base_rps <= 0:
        # Nothing to gain: the base rate was certain, and right.
        return Skill(n, 0.0, None)
    gain, error = _mean(n, base_rps - rps, gain_squared)
    base = base_rps / n
    if n < 2:
        return Skill(n, gain / base, None)
    width = Z * math.sqrt(error)
    return Skill(n, gain / base, ((gain - width) / base, min((gain + width) / base, 1.0)))


def _mean(n: int, total: float, squared: float) -> tuple[float, float]:
    """A mean, and the square of its standard error (0 for a single value)."""
    mean = total / n
    # Sums of squares lose their last digits: a variance is never negative.
    variance = max(squared / n - mean**2, 0.0) * n / (n - 1) if n > 1 else 0.0
    return mean, variance / n


def _welch_t(sums: LabelSums, spoken_error: float, silent_error: float) -> float:
    """The t quantile for Welch's degrees of freedom."""
    total = spoken_error + silent_error
    if total == 0:
        return Z
    freedom = total**2 / (
        spoken_error**2 / (sums.spoken_n - 1) + silent_error**2 / (sums.silent_n - 1)
    )
    # Cornish and Fisher's expansion of Student's t around the normal; at 2 degrees of freedom and
    # fewer it is too short, and so few say nothing anyway.
    f = max(freedom, 2.0)
    return (
        Z
        + (Z**3 + Z) / (4 * f)
        + (5 * Z**5 + 16 * Z**3 + 3 * Z) / (96 * f**2)
        + (3 * Z**7 + 19 * Z**5 + 17 * Z**3 - 15 * Z) / (384 * f**3)
    )


async def _label_sums(
    session: AsyncSession, community_id: int | None, since: date
) -> tuple[int, LabelSums, date | None]:
    """How many labels there are, the sums of those that are compared, and the last day."""
    columns = (
        DailyLabel.spoken_n, DailyLabel.spoken_sum, DailyLabel.spoken_squared,
        DailyLabel.silent_n, DailyLabel.silent_sum, DailyLabel.silent_squared,
    )  # fmt: skip
    query = select(
        func.coalesce(func.sum(DailyLabel.n), 0),
        func.max(DailyLabel.day),
        *(func.coalesce(func.sum(column), 0) for column in columns),
    ).where(DailyLabel.day >= since)
    if community_id is not None:
        query = query.where(DailyLabel.community_id == community_id)
    labels, last, *sums = (await session.execute(query)).one()
    return labels, LabelSums(*sums), last


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


async def _versions(
    session: AsyncSession, community_id: int | None, since: date
) -> tuple[list[VersionStats], date | None]:
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


async def _calibration(
    session: AsyncSession, community_id: int | None, since: date, now: datetime
) -> list[CalibrationPoint]:
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
