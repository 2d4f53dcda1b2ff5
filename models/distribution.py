"""A prediction: probabilities of ten equal-frequency bins of the percentile.

Bin ``k`` covers percentiles ``k/10`` to ``(k+1)/10`` of the community's recent posts. Inside a
bin the mass is spread evenly. Everything that is shown is read off this one distribution.
"""

from bisect import bisect_left, bisect_right
from itertools import accumulate
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]

BINS = 10
#: Divided, not summed up, so that 7/10 is the same number here as everywhere.
EDGES: Floats = np.arange(BINS + 1) / BINS

_EDGES: list[float] = EDGES.tolist()

UNIFORM: Floats = np.full(BINS, 1.0 / BINS)


def mass_below(bins: Floats, percentile: float) -> float:
    """Probability that the post ends below ``percentile`` (0 to 1). ``bins``: float64[10]."""
    cumulative = _cumulative(bins)
    if percentile <= 0.0 or percentile >= 1.0:
        found = cumulative[0 if percentile <= 0.0 else BINS]
    else:
        k = bisect_right(_EDGES, percentile) - 1
        slope = (cumulative[k + 1] - cumulative[k]) / (_EDGES[k + 1] - _EDGES[k])
        found = slope * (percentile - _EDGES[k]) + cumulative[k]
    return min(max(found, 0.0), 1.0)


def quantile(bins: Floats, probability: float) -> float:
    """The percentile (0 to 1) below which the post ends with ``probability`` (0 to 1)."""
    cumulative = _cumulative(bins)
    k = min(max(bisect_left(cumulative, probability) - 1, 0), BINS - 1)
    mass = float(bins[k])
    inside = (probability - cumulative[k]) / mass if mass > 0 else 0.0
    return (k + min(max(inside, 0.0), 1.0)) / BINS


def _cumulative(bins: Floats) -> list[float]:
    """Probabilities of less than each of `EDGES`."""
    # For ten numbers NumPy's way to work takes ten times as long as the work.
    return list(accumulate(bins.tolist(), initial=0.0))


def mean_percentile(bins: Floats) -> float:
    """Expected percentile (0 to 1): how many of the posts here this one should beat."""
    return float(bins @ (EDGES[:-1] + 0.5 / BINS))


def interval_target(low: float, high: float) -> Floats:
    """The bins that a label covers, as probabilities (float64[10], sum 1).

    A score shared by many posts covers a whole percentile interval; its mass is spread over it,
    so that no prediction is punished for how a tie happens to be ordered.

    Raises:
        ValueError: not ``0 <= low < high <= 1``.
    """
    if not 0.0 <= low < high <= 1.0:
        raise ValueError(f"not a percentile interval: {low} to {high}")
    overlap = np.minimum(EDGES[1:], high) - np.maximum(EDGES[:-1], low)
    covered = np.clip(overlap, 0.0, None)
    target: Floats = covered / covered.sum()
    return target
