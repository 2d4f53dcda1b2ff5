"""Every figure of many resamples at once.

A resample is how often each post was drawn. So a figure that is a mean is a product with what each
post contributes, and one of ranks needs every value sorted once, not once for each resample: on
1,900 posts 2 ms a resample instead of 10. A test compares each figure with `figures` of the drawn
posts.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.distribution import BINS, UNIFORM
from models.metrics import (
    MIN_BASE_LOSS,
    MIN_LABELS,
    brier_scores,
    log_losses,
    ranked_probability_scores,
)
from trainer.data.targets import soft_bins
from trainer.evaluation import metrics
from trainer.evaluation.figure_names import BUCKETS
from trainer.evaluation.figures import MAX_PAIRED, MEAN_BIN, TOP, Forecasts, bin_of

Numbers = NDArray[np.float64]

#: Numbers in memory at once, for each of a handful of arrays.
_AT_ONCE = 400_000


def resample(forecasts: Forecasts, drawn: int, seed: int) -> dict[str, Numbers]:
    """Figures of resamples of some forecasts, by name; each float64 [drawn], NaN as in `figures`.

    Args:
        forecasts: at least one post.
        drawn: resamples, each of as many posts as there are, with repeats.
        seed: of the draw.
    """
    n = len(forecasts)
    rng = np.random.default_rng(seed)
    means, ranks, pairs = _Means.of(forecasts), _Ranks.of(forecasts), _paired(forecasts)
    found: dict[str, list[Numbers]] = {}
    size = max(1, _AT_ONCE // n)
    for start in range(0, drawn, size):
        weights = np.stack(
            [
                np.bincount(rng.integers(0, n, n), minlength=n)
                for _ in range(min(size, drawn - start))
            ]
        ).astype(np.float64)
        part = means.figures(weights) | ranks.figures(weights)
        part["pair_accuracy"] = _pair_accuracy(pairs, weights[:, -len(pairs.counts) :])
        for name, values in part.items():
            found.setdefault(name, []).append(values)
    return {name: np.concatenate(values) for name, values in found.items()}


@dataclass(frozen=True, slots=True)
class _Means:
    """What each post contributes to the figures that are means, or made of sums.

    Attributes:
        posts: float64 [n, figures], in the order of `names`.
        names: of its columns.
        cells: actual · 3 + predicted bucket of each post, one-hot [n, 9].
        confidence: bin of its confidence, one-hot [n, 10].
        sure, right: its confidence, and whether the first choice was right, float64 [n].
    """

    posts: Numbers
    names: tuple[str, ...]
    cells: Numbers
    confidence: Numbers
    sure: Numbers
    right: Numbers

    @classmethod
    def of(cls, forecasts: Forecasts) -> "_Means":
        buckets = forecasts.bucket_probabilities()
        happened = metrics.one_hot(forecasts.bucket, len(BUCKETS))
        predicted = buckets.argmax(axis=1)
        targets = soft_bins(forecasts.intervals)
        actual_bin = bin_of(forecasts.intervals)
        right = (predicted == forecasts.bucket).astype(np.float64)
        each = {
            "accuracy": right,
            "log_loss": log_losses(buckets, happened),
            "rps": ranked_probability_scores(forecasts.bins, targets),
            "brier": brier_scores(buckets, happened),
            "ordinal_loss": (forecasts.bins @ np.arange(BINS) - actual_bin) ** 2 / 2,
            "base_rate_accuracy": forecasts.base.argmax(axis=1) == forecasts.bucket,
            "base_rate_log_loss": log_losses(forecasts.base, happened),
            "base_rate_rps": ranked_probability_scores(
                np.broadcast_to(UNIFORM, targets.shape), targets
            ),
            "mean_guess": (MEAN_BIN - actual_bin) ** 2 / 2,
        }
        sure = buckets.max(axis=1)
        return cls(
            np.column_stack([*each.values()]).astype(np.float64),
            tuple(each),
            metrics.one_hot(forecasts.bucket * len(BUCKETS) + predicted, len(BUCKETS) ** 2),
            metrics.one_hot(metrics.confidence_bins(sure), metrics.CALIBRATION_BINS),
            sure,
            right,
        )

    def figures(self, weights: Numbers) -> dict[str, Numbers]:
        n = weights.shape[1]
        means = weights @ self.posts / n
        found = {name: means[:, column] for column, name in enumerate(self.names)}
        mean_guess, base_rps = found.pop("mean_guess"), found["base_rate_rps"]
        tied = ~(base_rps >= MIN_BASE_LOSS)
        for name, loss, base in (
            ("log_loss_skill", found["log_loss"], found["base_rate_log_loss"]),
            ("rps_skill", found["rps"], base_rps),
            ("ordinal_loss_reduction", found["ordinal_loss"], mean_guess),
        ):
            nothing = tied | ~(base >= MIN_BASE_LOSS) | (n < MIN_LABELS)
            found[name] = np.where(nothing, np.nan, 1 - loss / np.where(nothing, 1, base))
        tables = (weights @ self.cells).reshape(-1, len(BUCKETS), len(BUCKETS))
        found["macro_f1"] = np.array([_macro_f1(table) for table in tables])
        gaps = np.abs(
            (weights * self.sure) @ self.confidence - (weights * self.right) @ self.confidence
        )
        found["ece"] = gaps.sum(axis=1) / n
        return found


def _macro_f1(table: Numbers) -> float:
    return metrics.class_report(table.astype(np.int64)).macro_f1


@dataclass(frozen=True, slots=True)
class _Sorted:
    """Values in order, equal ones together.

    Attributes:
        order: places of the values from the least to the greatest.
        starts: where each group of equal ones begins in that order.
        group: which group each value belongs to.
    """

    order: NDArray[np.intp]
    starts: NDArray[np.intp]
    group: NDArray[np.intp]

    @classmethod
    def of(cls, values: Numbers) -> "_Sorted":
        _, first, group = np.unique(np.sort(values), return_index=True, return_inverse=True)
        order = np.argsort(values, kind="stable")
        group_of = np.empty_like(group)
        group_of[order] = group
        return cls(order, first, group_of)

    def sums(self, weights: Numbers) -> Numbers:
        """Weight of each group, float64 [resamples, groups]."""
        found: Numbers = np.add.reduceat(weights[:, self.order], self.starts, axis=1)
        return found

    def ranks(self, weights: Numbers) -> Numbers:
        """Mean rank of each value among the drawn ones, from 1; float64 [resamples, n]."""
        sums = self.sums(weights)
        ranks: Numbers = (np.cumsum(sums, axis=1) - (sums - 1) / 2)[:, self.group]
        return ranks


@dataclass(frozen=True, slots=True)
class _Ranks:
    """What the figures of ranks are read from: values that were sorted once."""

    percentile: _Sorted
    score: _Sorted
    top_bin: _Sorted
    top: NDArray[np.bool_]

    @classmethod
    def of(cls, forecasts: Forecasts) -> "_Ranks":
        return cls(
            _Sorted.of(forecasts.mean_percentile()),
            _Sorted.of(forecasts.score),
            _Sorted.of(forecasts.bins[:, -1]),
            forecasts.intervals.middle >= TOP,
        )

    def figures(self, weights: Numbers) -> dict[str, Numbers]:
        return {
            "spearman": self._spearman(weights),
            "auc_top10": self._area_under_curve(weights),
            "average_precision_top10": self._average_precision(weights),
        }

    def _spearman(self, weights: Numbers) -> Numbers:
        middle = (weights.shape[1] + 1) / 2
        a = self.percentile.ranks(weights) - middle
        b = self.score.ranks(weights) - middle
        together = (weights * a * b).sum(axis=1)
        norm = np.sqrt((weights * a**2).sum(axis=1) * (weights * b**2).sum(axis=1))
        found = np.where(norm > 0, together / np.where(norm > 0, norm, 1), 0.0)
        several = (self.score.sums(weights) > 0).sum(axis=1) > 1
        return np.where(several, found, np.nan)

    def _area_under_curve(self, weights: Numbers) -> Numbers:
        hits = weights[:, self.top].sum(axis=1)
        misses = weights.shape[1] - hits
        ranks = (weights * self.top_bin.ranks(weights))[:, self.top].sum(axis=1)
        both = hits * misses
        area = (ranks - hits * (hits + 1) / 2) / np.where(both > 0, both, 1)
        return np.where(both > 0, area, 0.5)

    def _average_precision(self, weights: Numbers) -> Numbers:
        # From the greatest to the least.
        drawn = self.top_bin.sums(weights)[:, ::-1]
        right = self.top_bin.sums(weights * self.top)[:, ::-1]
        count = np.cumsum(drawn, axis=1)
        precision = np.cumsum(right, axis=1) / np.where(count > 0, count, 1)
        hits = right.sum(axis=1)
        found: Numbers = (right * precision).sum(axis=1) / np.where(hits > 0, hits, 1)
        return found


def _paired(forecasts: Forecasts) -> metrics.Pairs:
    n = len(forecasts)
    newest = forecasts.take(np.arange(max(0, n - MAX_PAIRED), n))
    return metrics.pairs(newest.mean_percentile(), newest.score, newest.community)


def _pair_accuracy(pairs: metrics.Pairs, weights: Numbers) -> Numbers:
    """Pair accuracy when each post counts as often as its weight."""
    single = weights.astype(np.float32)
    # Whole and half numbers, and few: single precision rounds none of them.
    total = ((single @ pairs.counts) * single).sum(axis=1, dtype=np.float64)
    right = ((single @ pairs.right) * single).sum(axis=1, dtype=np.float64)
    return np.where(total > 0, right / np.where(total > 0, total, 1), np.nan)
