"""Everything a report shows about forecasts: every figure with its bootstrap interval."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.metrics import why_no_skill
from trainer.evaluation import metrics
from trainer.evaluation.bootstrap import resample
from trainer.evaluation.figure_names import BUCKETS
from trainer.evaluation.figures import Forecasts, figures, told

Numbers = NDArray[np.float64]
Integers = NDArray[np.int64]

#: Resamples of the bootstrap, and the share that lies inside an interval.
RESAMPLES = 1000
INSIDE = 0.95

#: The figures that say how much is better than the base rate.
_SKILLS = ("log_loss_skill", "rps_skill", "ordinal_loss_reduction")

#: Resamples of the figures that stand beside the others.
_FEWER = 300


@dataclass(slots=True)
class Evaluation:
    """Everything a report shows about one set of forecasts."""

    n: int
    figures: dict[str, float]
    intervals: dict[str, list[float]]
    confusion: Integers
    classes: metrics.ClassReport
    calibration: metrics.CalibrationCurve
    forecasts: Forecasts
    notes: list[str] = field(default_factory=list)
    #: The same of forecasts that did not know the authors.
    strangers: "Evaluation | None" = None

    def to_json(self) -> dict[str, Any]:
        """The figures that `main.py evaluate --json` prints; null: nothing to tell yet.

        ``authors_unknown`` has the same figures once more, as the head does without any author's
        record.
        """
        intervals = {
            key: None if np.isnan(ends).any() else ends for key, ends in self.intervals.items()
        }
        keys = (
            "accuracy", "macro_f1", "log_loss", "log_loss_skill", "rps", "rps_skill", "brier",
            "ece", "spearman", "pair_accuracy", "ordinal_loss", "ordinal_loss_reduction",
            "auc_top10",
        )  # fmt: skip
        return {
            "n": self.n,
            **{key: told(self.figures[key]) for key in keys},
            "confusion": self.confusion.tolist(),
            "intervals": {key: intervals[key] for key in keys},
            **({"authors_unknown": self.strangers.to_json()} if self.strangers else {}),
        }


def evaluate(forecasts: Forecasts, *, resamples: int = RESAMPLES, seed: int = 1) -> Evaluation:
    """Every figure, with intervals from resampling the posts (percentile bootstrap, 95%).

    The calibration error is a mean of absolute gaps, so that luck only adds to it: resamples exceed
    the estimate, by their bias b, as the estimate exceeds the truth. Its interval is corrected for
    both: the upper end by b, the lower by 2 b, and none is below 0. Beside it stands what such
    forecasts are off by on average where all their chances are true (``ece_by_chance``).

    Args:
        forecasts: at least one post.
        resamples: of the bootstrap; fewer are drawn where posts are many and intervals narrow.
        seed: of the draw.
    """
    n = len(forecasts)
    drawn = max(100, min(resamples, 4_000_000 // n))
    buckets = forecasts.bucket_probabilities()
    by_chance = metrics.calibration_error_by_chance(buckets, np.random.default_rng(seed))
    whole = figures(forecasts) | {"ece_by_chance": by_chance}
    reason = _why_no_skill(whole, forecasts)
    if reason is not None:
        whole |= dict.fromkeys(_SKILLS, np.nan)
    notes = [*_nothing_to_tell(reason), _luck(whole, n)]
    table = metrics.confusion(buckets.argmax(axis=1), forecasts.bucket, len(BUCKETS))
    return Evaluation(
        n=n,
        figures=whole,
        intervals={
            name: _interval(values, whole[name], biased=name == "ece")
            for name, values in resample(forecasts, drawn, seed).items()
        },
        confusion=table,
        classes=metrics.class_report(table),
        calibration=metrics.calibration_curve(buckets, forecasts.bucket),
        forecasts=forecasts,
        notes=notes,
    )


def evaluate_twice(known: Forecasts, unknown: Forecasts) -> Evaluation:
    """Every figure twice: knowing the authors, and the same posts with their records hidden."""
    found = evaluate(known)
    found.strangers = evaluate(unknown, resamples=_FEWER)
    return found


def _interval(samples: Numbers, estimate: float, *, biased: bool) -> list[float]:
    """Both ends of the interval of a figure, from its resamples; NaN where it is NaN."""
    known = samples[~np.isnan(samples)]
    if np.isnan(estimate) or not len(known):
        return [np.nan, np.nan]
    tail = (1 - INSIDE) / 2
    low, high = np.quantile(known, [tail, 1 - tail])
    if biased:
        bias = max(float(known.mean()) - estimate, 0.0)
        low, high = max(low - 2 * bias, 0.0), high - bias
    return [float(low), float(high)]


def _luck(found: dict[str, float], n: int) -> str:
    """What a calibration error is to be held against."""
    return (
        f"Luck makes a calibration error, too: with all chances true it would be "
        f"{found['ece_by_chance']:.3f} on average in {n:,} posts (here {found['ece']:.3f})."
    )


def _why_no_skill(found: dict[str, float], forecasts: Forecasts) -> str | None:
    """Why nothing can be told about skill; None where it can.

    Where every score is the same one nothing is told, whatever else it is ranked among: all that
    could be seen is where that one score lies there.
    """
    n = len(forecasts)
    if n > 1 and not np.ptp(forecasts.score):
        return "all scores tie, so that they cannot be compared"
    return why_no_skill(n, found["base_rate_rps"]) or why_no_skill(n, found["base_rate_log_loss"])


def _nothing_to_tell(reason: str | None) -> list[str]:
    """A sentence where skill is not a number."""
    return [f"Nothing to tell yet about skill: {reason}."] if reason else []
