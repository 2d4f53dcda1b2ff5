"""Percentiles and scores of a community: its recent scores, in order."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from models.distribution import Floats, mass_below, quantile

#: With fewer labels than this a community borrows its platform's quantiles.
MIN_LABELS = 30

#: A community's recent labels: this many, the newest.
WINDOW = 1000

Source = Literal["community", "platform", "none"]


@dataclass(frozen=True, slots=True)
class Quantiles:
    """The recent scores of a community (or, borrowed, of its platform), ascending."""

    scores: tuple[float, ...]
    source: Source

    @classmethod
    def of(cls, community: Sequence[float], platform: Sequence[float]) -> "Quantiles":
        """Choose: the community's own scores, else the platform's, else nothing is known."""
        if len(community) >= MIN_LABELS:
            return cls(tuple(sorted(community)), "community")
        if len(platform) >= MIN_LABELS:
            return cls(tuple(sorted(platform)), "platform")
        return cls((), "none")

    def score_at(self, percentile: float) -> float | None:
        """The score at ``percentile`` (0 to 1); None while nothing is known."""
        if not self.scores:
            return None
        # As `numpy.quantile`, which would put in order again what is.
        place = (len(self.scores) - 1) * percentile
        below = min(int(place), len(self.scores) - 1)
        above = min(below + 1, len(self.scores) - 1)
        low, high = float(self.scores[below]), float(self.scores[above])
        part = place - below
        return low + (high - low) * part if part < 0.5 else high - (high - low) * (1 - part)

    def share_at_most(self, score: float) -> float:
        """Share of posts (0 to 1) whose score is ``score`` or less; ½ while nothing is known."""
        if not self.scores:
            return 0.5
        return bisect_right(self.scores, score) / len(self.scores)


@dataclass(frozen=True, slots=True)
class BucketRule:
    """Where low ends and high begins: the terciles, or fixed scores.

    Fixed: low is a score of at most ``low_up_to``, medium of at most ``medium_up_to``, high more.
    """

    low_up_to: int | None = None
    medium_up_to: int | None = None

    def cuts(self, quantiles: Quantiles) -> tuple[float, float]:
        """The percentiles (0 to 1) at which low ends and high begins."""
        if self.low_up_to is None or self.medium_up_to is None:
            return 1 / 3, 2 / 3
        return quantiles.share_at_most(self.low_up_to), quantiles.share_at_most(self.medium_up_to)

    def probabilities(self, bins: Floats, quantiles: Quantiles) -> tuple[float, float, float]:
        """P(low), P(medium), P(high), read off the distribution ``bins`` (float64[10])."""
        low_cut, high_cut = self.cuts(quantiles)
        below_low, below_high = mass_below(bins, low_cut), mass_below(bins, high_cut)
        return below_low, below_high - below_low, 1.0 - below_high

    def bucket(self, score: float, percentile: float) -> Literal["low", "medium", "high"]:
        """The bucket of a label with ``score`` in the middle of whose tie lies ``percentile``."""
        if self.low_up_to is None or self.medium_up_to is None:
            return "low" if percentile < 1 / 3 else "medium" if percentile < 2 / 3 else "high"
        if score <= self.low_up_to:
            return "low"
        return "medium" if score <= self.medium_up_to else "high"


def tie_interval(score: float, recent: Sequence[float]) -> tuple[float, float]:
    """The percentile interval that ``score`` covers among ``recent`` scores and itself.

    ``recent`` is ascending and does not hold the score's own post. Posts with the same score
    share one interval: the part that scored less, to the part that scored no more.
    """
    count = len(recent) + 1
    return bisect_left(recent, score) / count, (bisect_right(recent, score) + 1) / count


def score_interval(bins: Floats, quantiles: Quantiles) -> tuple[float, float, float] | None:
    """10%, 50% and 90% points of the score; None while no quantiles are known."""
    points = [quantiles.score_at(quantile(bins, probability)) for probability in (0.1, 0.5, 0.9)]
    if points[0] is None or points[1] is None or points[2] is None:
        return None
    return points[0], points[1], points[2]
