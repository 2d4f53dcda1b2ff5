"""Percentile targets with ties as intervals, recomputed from the training part only."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.distribution import BINS

#: A community with fewer training labels than this is ranked among all of its platform.
MIN_COMMUNITY = 30

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Intervals:
    """Percentile intervals in 0..1, one per post: ``low < high``; a tie covers its whole width."""

    low: Numbers
    high: Numbers

    @property
    def middle(self) -> Numbers:
        """The middle of each interval."""
        return (self.low + self.high) / 2

    def __getitem__(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> "Intervals":
        return Intervals(self.low[rows], self.high[rows])


def interval_of(scores: Numbers, reference: Numbers) -> Intervals:
    """Where scores fall among ``reference`` (sorted, not empty).

    With ``n`` references, a score with ``b`` below it and ``e`` equal to it covers
    ``b/(n+1) … (b+e+1)/(n+1)``: never empty, and never beyond 0..1.
    """
    below = np.searchsorted(reference, scores, side="left")
    up_to = np.searchsorted(reference, scores, side="right")
    return Intervals(below / (len(reference) + 1), (up_to + 1) / (len(reference) + 1))


class Ranking:
    """The scores of a training part, by community, against which any post can be ranked."""

    def __init__(
        self, scores: Numbers, communities: NDArray[np.int64], platforms: NDArray[np.str_]
    ) -> None:
        """Sort the training scores by community, and by platform for small communities."""
        self._all = np.sort(scores)
        self._platforms = {p: np.sort(scores[platforms == p]) for p in np.unique(platforms)}
        self._communities = {c: np.sort(scores[communities == c]) for c in np.unique(communities)}

    def reference(self, community: int, platform: str) -> Numbers:
        """Sorted training scores that the posts of a community are ranked among."""
        own: Numbers | None = self._communities.get(np.int64(community))
        if own is not None and len(own) >= MIN_COMMUNITY:
            return own
        return self._platforms.get(np.str_(platform), self._all)

    def intervals(
        self, scores: Numbers, communities: NDArray[np.int64], platforms: NDArray[np.str_]
    ) -> Intervals:
        """Percentile intervals of posts, each among the labels of its community."""
        low, high = np.empty(len(scores)), np.empty(len(scores))
        for community in np.unique(communities):
            rows = np.flatnonzero(communities == community)
            reference = self.reference(int(community), str(platforms[rows[0]]))
            found = interval_of(scores[rows], reference)
            low[rows], high[rows] = found.low, found.high
        return Intervals(low, high)


def soft_bins(intervals: Intervals) -> Numbers:
    """The share of each interval that lies in each of ten equal bins: float64 [n, 10]."""
    edges = np.linspace(0, 1, BINS + 1)
    upper = np.minimum(intervals.high[:, None], edges[None, 1:])
    lower = np.maximum(intervals.low[:, None], edges[None, :-1])
    overlap = np.clip(upper - lower, 0, None)
    shares: Numbers = overlap / overlap.sum(axis=1, keepdims=True)
    return shares
