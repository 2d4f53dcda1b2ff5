"""Measures of popularity beside each other: how large, how spread, and how they go together."""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement
from sqlalchemy.ext.asyncio import AsyncSession

from bot.league.intervals import NORMAL_POINT, Interval
from bot.texts.translate import mark
from storage.queries.measures import MeasuredPost, RankedPost, measured_posts, ranked_posts
from storage.tables import Community
from storage.types import Measure

#: As people read them, in the order in which they are shown.
MEASURE_NAMES: Final = {
    "score": mark("score"),
    "comments": mark("comments"),
    "upvote_ratio": mark("upvote ratio"),
    "reactors": mark("people who reacted"),
    "guesses": mark("guesses"),
    "views": mark("views on the board"),
}
#: Fewer values have no correlation worth a number.
LEAST_PAIRS: Final = 10
#: The newest labels that are looked at.
_NEWEST: Final = 5000
#: Bars of a histogram, at most.
_BARS: Final = 16
#: Posts that are named as the most and the least popular, each.
_RANKED: Final = 5

_Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a histogram: posts from a value (inclusive) to another (exclusive)."""

    first: float
    end: float
    posts: int


@dataclass(frozen=True, slots=True)
class MeasureSummary:
    """One measure over the posts that have it.

    Attributes:
        name: of MEASURE_NAMES.
        posts: that have it.
        mean: of them.
        deviation: standard deviation, of a sample.
        most: the maximum.
        bars: of its histogram, ends that grow by a factor; the first holds 0 and less. Shares are
            counted in bars of equal width.
    """

    name: str
    posts: int
    mean: float
    deviation: float
    most: float
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Correlation:
    """How two measures go together.

    Attributes:
        first: of MEASURE_NAMES.
        second: of MEASURE_NAMES.
        posts: that have both.
        pearson: of the values, -1 to 1; None where one of them never varies.
        spearman: of the ranks, -1 to 1; None as above.
        interval: 95% of Spearman's, by Fisher's transformation.
    """

    first: str
    second: str
    posts: int
    pearson: float | None
    spearman: float | None
    interval: Interval | None


@dataclass(frozen=True, slots=True)
class Measures:
    """All measures of a community.

    Attributes:
        labels: posts that were looked at, the newest.
        judged_by: the measure that it is judged by.
        summaries: of the measures that any post has.
        correlations: of all pairs of these that enough posts have.
        best: the most popular posts by what it is judged by.
        worst: the least popular, the lowest first.
    """

    labels: int
    judged_by: Measure
    summaries: tuple[MeasureSummary, ...]
    correlations: tuple[Correlation, ...]
    best: Sequence[RankedPost]
    worst: Sequence[RankedPost]


async def read_measures(
    session: AsyncSession, community: Community, shown: ColumnElement[bool]
) -> Measures:
    """The measures of a community's newest 5,000 labels.

    Args:
        session: a read session.
        community: whose.
        shown: the condition that a post may be named to who asks.
    """
    rows = await session.run_sync(measured_posts, community.id, limit=_NEWEST)
    ends = [
        await session.run_sync(ranked_posts, community.id, shown, best=best, limit=_RANKED)
        for best in (True, False)
    ]
    columns = columns_of(rows)
    return Measures(
        len(rows),
        community.measure,
        tuple(summarise(name, values) for name, values in columns.items()),
        correlate(columns),
        *ends,
    )


def columns_of(rows: Sequence[MeasuredPost]) -> dict[str, _Values]:
    """The measures that any post has: float64[posts] each, NaN where a post has none."""
    found = {}
    for place, name in enumerate(MEASURE_NAMES):
        values = np.array([math.nan if row[place] is None else row[place] for row in rows], float)
        if np.isfinite(values).any():
            found[name] = values
    return found


def summarise(name: str, values: _Values) -> MeasureSummary:
    """One measure in figures, of values of which at least one is finite."""
    known = values[np.isfinite(values)]
    deviation = float(known.std(ddof=1)) if len(known) > 1 else 0.0
    bars = _histogram(known, shares=name == "upvote_ratio")
    return MeasureSummary(
        name, len(known), float(known.mean()), deviation, float(known.max()), bars
    )


def correlate(columns: Mapping[str, _Values]) -> tuple[Correlation, ...]:
    """Pearson's and Spearman's correlation of every pair of measures."""
    names = list(columns)
    found = []
    for place, first in enumerate(names):
        for second in names[place + 1 :]:
            both = np.isfinite(columns[first]) & np.isfinite(columns[second])
            count = int(both.sum())
            if count >= LEAST_PAIRS:
                x, y = columns[first][both], columns[second][both]
                spearman = _pearson(_ranks(x), _ranks(y))
                found.append(
                    Correlation(
                        first, second, count, _pearson(x, y), spearman, _fisher(spearman, count)
                    )
                )
    return tuple(found)


def _histogram(known: _Values, *, shares: bool) -> tuple[Bar, ...]:
    if shares:
        ends = np.linspace(0, 1, 11)
        ends[-1] = np.nextafter(1, 2)
    else:
        most = max(float(known.max()), 1.0)
        powers = max(1, math.ceil(math.log2(most + 1)))
        step = max(1, math.ceil(powers / (_BARS - 1)))
        ends = np.array([-math.inf, *(2.0 ** (step * k) for k in range(powers // step + 2))])
    return tuple(
        Bar(float(first), float(end), int(((known >= first) & (known < end)).sum()))
        for first, end in itertools.pairwise(ends)
        if first <= known.max()
    )


def _pearson(x: _Values, y: _Values) -> float | None:
    x, y = x - x.mean(), y - y.mean()
    size = math.sqrt(float(x @ x) * float(y @ y))
    # Of values that are all alike, only the last digits would be compared.
    return None if size < 1e-12 * len(x) else float(np.clip(x @ y / size, -1, 1))


def _ranks(values: _Values) -> _Values:
    """Ranks from 0, those of equal values their mean."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = counts.cumsum()
    ranks: _Values = (ends - (counts + 1) / 2)[place]
    return ranks


def _fisher(correlation: float | None, count: int) -> Interval | None:
    if correlation is None or count < 4:
        return None
    if abs(correlation) == 1:
        return correlation, correlation
    middle, half = math.atanh(correlation), NORMAL_POINT / math.sqrt(count - 3)
    return math.tanh(middle - half), math.tanh(middle + half)
