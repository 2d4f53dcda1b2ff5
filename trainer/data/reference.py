"""The training scores that a version's percentiles refer to, kept with it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from models.percentiles import BucketRule
from storage.errors import ExpectedError
from trainer.data.targets import Intervals, interval_of

FILE = "reference.json"

#: Scores kept: enough that a percentile is off by no more than a thousandth.
_POINTS = 1001

Numbers = NDArray[np.float64]


class BucketsRefused(ExpectedError):
    """The buckets asked for make no sense; the message says what would."""


def parse_buckets(text: str) -> BucketRule:
    """Read ``terciles`` or ``fixed:LOW,HIGH`` (low is a score of at most LOW, high above HIGH).

    Raises:
        BucketsRefused: it is neither.
    """
    if text == "terciles":
        return BucketRule()
    kind, _, numbers = text.partition(":")
    try:
        low, high = (int(number) for number in numbers.split(","))
    except ValueError:
        low, high = 0, 0
    if kind != "fixed" or low >= high:
        raise BucketsRefused(
            f"{text!r} are no buckets: say `terciles`, or `fixed:2000,20000` with the highest "
            "score that is low and the highest that is medium."
        )
    return BucketRule(low, high)


@dataclass(frozen=True, slots=True)
class Reference:
    """Training scores in order, thinned to their quantiles when there are many."""

    scores: Numbers

    @classmethod
    def of(cls, scores: Numbers) -> Self:
        """From the training scores, at least one."""
        if len(scores) > _POINTS:
            return cls(np.quantile(scores, np.linspace(0, 1, _POINTS), method="nearest"))
        return cls(np.sort(scores))

    def intervals(self, scores: Numbers) -> Intervals:
        """Percentile intervals of other scores among these."""
        return interval_of(scores, self.scores)

    def cuts(self, rule: BucketRule) -> tuple[float, float]:
        """Percentiles at which low ends and high begins."""
        if rule.low_up_to is None or rule.medium_up_to is None:
            return 1 / 3, 2 / 3
        return (
            float((self.scores <= rule.low_up_to).mean()),
            float((self.scores <= rule.medium_up_to).mean()),
        )

    def buckets(self, scores: Numbers, rule: BucketRule) -> NDArray[np.int64]:
        """Buckets of other scores, 0 to 2."""
        if rule.low_up_to is None or rule.medium_up_to is None:
            return np.clip((self.intervals(scores).middle * 3).astype(np.int64), 0, 2)
        return (scores > rule.low_up_to).astype(np.int64) + (scores > rule.medium_up_to)

    def base(self, rule: BucketRule) -> Numbers:
        """Share of each bucket among the training labels, a little off zero: float64 [3]."""
        counts = np.bincount(self.buckets(self.scores, rule), minlength=3) + 0.5
        shares: Numbers = counts / counts.sum()
        return shares

    def save(self, folder: Path) -> None:
        """Write `FILE` into ``folder``."""
        (folder / FILE).write_text(json.dumps({"scores": self.scores.tolist()}) + "\n", "utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self | None:
        """Read it; None where the version was never trained."""
        path = folder / FILE
        if not path.exists():
            return None
        return cls(np.array(json.loads(path.read_text("utf-8"))["scores"], np.float64))
