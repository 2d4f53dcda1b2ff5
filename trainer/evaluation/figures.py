"""How good predictions were: forecasts beside the results, and every figure of them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.distribution import BINS, EDGES, UNIFORM
from models.metrics import (
    brier_scores,
    log_losses,
    ranked_probability_scores,
    why_no_skill,
)
from trainer.data.targets import Intervals, soft_bins
from trainer.evaluation import metrics
from trainer.evaluation.figure_names import BUCKETS

Numbers = NDArray[np.float64]
Integers = NDArray[np.int64]

#: A post whose percentile is at least this is in the top 10%.
TOP = 0.9

#: Bin that guesses the mean of the training labels, which are spread evenly over the ten.
MEAN_BIN = (BINS - 1) / 2

#: Pair accuracy compares every post with every other: on more posts, the newest so many.
MAX_PAIRED = 3000


@dataclass(frozen=True, slots=True)
class Forecasts:
    """Predictions beside the results, for ``n`` posts in the order of posting.

    Attributes:
        bins: predicted, float64 [n, 10].
        score: final scores, float64 [n].
        community: int64 [n].
        intervals: percentile intervals of the scores among the training labels.
        cuts: percentiles at which low ends and high begins, float64 [n, 2].
        bucket: of the final scores, 0 to 2, int64 [n].
        base: share of each bucket among the training labels of the community, float64 [n, 3].
        stated: P(low), P(medium), P(high) where the forecaster states them by itself, float64
            [n, 3]; None: they are read off the bins.
    """

    bins: Numbers
    score: Numbers
    community: Integers
    intervals: Intervals
    cuts: Numbers
    bucket: Integers
    base: Numbers
    stated: Numbers | None = None

    def __len__(self) -> int:
        return len(self.score)

    def take(self, rows: NDArray[np.intp]) -> "Forecasts":
        """Some of the posts, repeats allowed."""
        return Forecasts(
            self.bins[rows], self.score[rows], self.community[rows], self.intervals[rows],
            self.cuts[rows], self.bucket[rows], self.base[rows],
            None if self.stated is None else self.stated[rows],
        )  # fmt: skip

    def bucket_probabilities(self) -> Numbers:
        """P(low), P(medium), P(high): float64 [n, 3]."""
        if self.stated is not None:
            return self.stated
        below = mass_below(self.bins, self.cuts)
        return np.column_stack([below[:, 0], below[:, 1] - below[:, 0], 1 - below[:, 1]])

    def mean_percentile(self) -> Numbers:
        """Expected percentile, float64 [n]; equal for equal distributions."""
        # A matrix product may round a row by its place, and ties would become ranks.
        expected: Numbers = np.round(self.bins @ (EDGES[:-1] + 0.5 / BINS), 12)
        return expected


def mass_below(bins: Numbers, percentiles: Numbers) -> Numbers:
    """Probability below percentiles: float64 [n, k] from bins [n, 10] and percentiles [n, k].

    As `models.distribution.mass_below`, for many posts.
    """
    cumulative = np.concatenate([np.zeros((len(bins), 1)), np.cumsum(bins, axis=1)], axis=1)
    position = np.clip(percentiles, 0, 1) * BINS
    whole = np.minimum(position.astype(np.int64), BINS - 1)
    lower = np.take_along_axis(cumulative, whole, axis=1)
    upper = np.take_along_axis(cumulative, whole + 1, axis=1)
    below: Numbers = np.clip(lower + (position - whole) * (upper - lower), 0, 1)
    return below


def told(value: float) -> float | None:
    """A figure for JSON: null where there is nothing to tell."""
    return None if np.isnan(value) else value


def bin_of(intervals: Intervals) -> Integers:
    """The bin that the middle of each interval falls in, int64 [n]."""
    return np.clip((intervals.middle * BINS).astype(np.int64), 0, BINS - 1)


def figures(forecasts: Forecasts) -> dict[str, float]:
    """Every figure of some forecasts.

    Accuracy, F1, log loss, Brier score and calibration error are over the three buckets; the
    ranked probability score and the ordinal loss over the ten bins of the percentile. NaN stands
    for "nothing to tell yet": skill by `models.metrics.skill`, ranks and pairs where all scores are
    equal.
    """
    n = len(forecasts)
    buckets = forecasts.bucket_probabilities()
    happened = metrics.one_hot(forecasts.bucket, len(BUCKETS))
    predicted = buckets.argmax(axis=1)
    log_loss = float(log_losses(buckets, happened).mean())
    base_log_loss = float(log_losses(forecasts.base, happened).mean())
    targets = soft_bins(forecasts.intervals)
    rps = float(ranked_probability_scores(forecasts.bins, targets).mean())
    uniform = np.broadcast_to(UNIFORM, targets.shape)
    # Where percentiles tie there is no skill in buckets either.
    base_rps = float(ranked_probability_scores(uniform, targets).mean())
    actual_bin = bin_of(forecasts.intervals)
    ordinal = metrics.ordinal_loss(forecasts.bins @ np.arange(BINS), actual_bin)
    mean_guess = metrics.ordinal_loss(np.full(len(forecasts), MEAN_BIN), actual_bin)
    percentile = forecasts.mean_percentile()
    top = forecasts.intervals.middle >= TOP
    table = metrics.confusion(predicted, forecasts.bucket, len(BUCKETS))
    return {
        "accuracy": metrics.accuracy(predicted, forecasts.bucket),
        "macro_f1": metrics.class_report(table).macro_f1,
        "log_loss": log_loss,
        "log_loss_skill": np.nan
        if why_no_skill(n, base_rps)
        else metrics.skill(log_loss, base_log_loss, n=n),
        "rps": rps,
        "rps_skill": metrics.skill(rps, base_rps, n=n),
        "brier": float(brier_scores(buckets, happened).mean()),
        "ece": metrics.calibration_curve(buckets, forecasts.bucket).error,
        "spearman": metrics.spearman(percentile, forecasts.score)
        if np.ptp(forecasts.score)
        else np.nan,
        "ordinal_loss": ordinal,
        "ordinal_loss_reduction": np.nan
        if why_no_skill(n, base_rps)
        else metrics.skill(ordinal, mean_guess, n=n),
        "auc_top10": metrics.area_under_curve(forecasts.bins[:, -1], top),
        "average_precision_top10": metrics.average_precision(forecasts.bins[:, -1], top),
        "base_rate_accuracy": metrics.accuracy(forecasts.base.argmax(axis=1), forecasts.bucket),
        "base_rate_log_loss": base_log_loss,
        "base_rate_rps": base_rps,
        "pair_accuracy": metrics.pair_accuracy(
            percentile[-MAX_PAIRED:], forecasts.score[-MAX_PAIRED:],
            forecasts.community[-MAX_PAIRED:],
        ),
    }  # fmt: skip
