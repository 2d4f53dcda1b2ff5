"""A prediction: probabilities of ten equal-frequency bins of the percentile.

Bin ``k`` covers percentiles ``k/10`` to ``(k+1)/10`` of the community's recent posts. Inside a
bin the mass is spread evenly. Everything that is shown is read off this one distribution.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]

BINS = 10
#: Divided, not summed up, so that 7/10 is the same number here as everywhere.
EDGES: Floats = np.arange(BINS + 1) / BINS

UNIFORM: Floats = np.full(BINS, 1.0 / BINS)


def mass_below(bins: Floats, percentile: float) -> float:
    """Probability that the post ends below ``percentile`` (0 to 1). ``bins``: float64[10]."""
    cumulative = np.concatenate([[0.0], np.cumsum(bins)])
    return float(np.clip(np.interp(percentile, EDGES, cumulative), 0.0, 1.0))


def quantile(bins: Floats, probability: float) -> float:
    """The percentile (0 to 1) below which the post ends with ``probability`` (0 to 1)."""
    cumulative = np.concatenate([[0.0], np.cumsum(bins)])
    k = int(np.clip(np.searchsorted(cumulative, probability, side="left") - 1, 0, BINS - 1))
    inside = (probability - cumulative[k]) / bins[k] if bins[k] > 0 else 0.0
    return float((k + np.clip(inside, 0.0, 1.0)) / BINS)


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
