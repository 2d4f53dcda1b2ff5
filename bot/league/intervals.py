"""95% intervals: of a rate, of a sum of points, and of the difference of two means."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self, TypeAlias

Interval: TypeAlias = tuple[float, float]

#: 97.5% point of the normal distribution: an interval reaches this many standard errors each way.
NORMAL_POINT = 1.959964


@dataclass(frozen=True, slots=True)
class Moments:
    """Sums over some values, from which their mean and its standard error follow.

    Attributes:
        n: how many values.
        total: their sum.
        squared: the sum of their squares.
    """

    n: int
    total: float
    squared: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        """The moments of a list of values."""
        return cls(len(values), math.fsum(values), math.fsum(each**2 for each in values))

    @property
    def mean(self) -> float:
        """The mean of the values, of which there is at least one."""
        return self.total / self.n

    @property
    def squared_error(self) -> float:
        """The square of the mean's standard error; 0 for a single value."""
        if self.n < 2:
            return 0.0
        # Sums of squares lose their last digits: a variance is never negative.
        return max(self.squared / self.n - self.mean**2, 0.0) / (self.n - 1)


def wilson(hits: float, n: int) -> Interval:
    """Wilson's interval of a rate.

    Args:
        hits: how often it was right, 0 to ``n``.
        n: how often it was tried, at least 1.

    Returns:
        Both ends, 0 to 1.
    """
    rate, spread = hits / n, NORMAL_POINT**2 / n
    middle = (rate + spread / 2) / (1 + spread)
    half = NORMAL_POINT * math.sqrt(rate * (1 - rate) / n + spread / (4 * n)) / (1 + spread)
    return max(middle - half, 0.0), min(middle + half, 1.0)


def points_interval(points: Moments) -> Interval | None:
    """The interval of a sum of points, by the normal distribution; None for fewer than two."""
    if points.n < 2:
        return None
    half = NORMAL_POINT * points.n * math.sqrt(points.squared_error)
    return points.total - half, points.total + half


def welch(first: Moments, second: Moments) -> Interval:
    """Welch's interval of the mean of ``first`` less the mean of ``second``.

    Args:
        first: at least two values.
        second: at least two values.
    """
    difference = first.mean - second.mean
    error = first.squared_error + second.squared_error
    if error == 0:
        return difference, difference
    freedom = error**2 / (
        first.squared_error**2 / (first.n - 1) + second.squared_error**2 / (second.n - 1)
    )
    half = student_point(freedom, 0.975) * math.sqrt(error)
    return difference - half, difference + half


def student_point(freedom: float, share: float) -> float:
    """The point below which a share (0 to 1) of Student's t distribution lies.

    Args:
        freedom: degrees of freedom, above 0.
        share: 0.975 for an interval of 95%.
    """
    # Imported here, so that a process that serves does not load it before it is needed.
    from scipy.special import stdtrit

    return float(stdtrit(freedom, share))
