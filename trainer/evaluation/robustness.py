"""How a head does where posts are not like those it learned from, and what is too bad to serve."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.metrics import log_losses, why_no_skill
from trainer.evaluation.figures import Forecasts, told
from trainer.evaluation.metrics import one_hot
from trainer.evaluation.reencoded import Reencoded

#: The mean |Δp| that a picture saved in another way may cost at most: twice the most of any head
#: that only sees the picture (0.016, where the picture decides nearly all of a score; 0.005 on
#: r/memes, whatever the recipe). A head that read the container had 0.58 for a PNG.
MAX_MOVED = 0.03
#: The log-loss skill that must not be surely missed (95%) where a source is missing. Where a
#: community is new nothing is asked: what it is shown begins near its base rate.
MIN_SKILL = -0.02
#: Two-sided 95% of the normal distribution, standard errors.
_SURE = 1.959964


@dataclass(frozen=True, slots=True)
class Without:
    """Log-loss skill over the buckets where a source is missing, or a community is new.

    Attributes:
        what: ``without title``, ``in communities left out``, …
        n: posts.
        skill: None where there is nothing to tell yet.
        interval: 95%, from the spread of what each post gained.
    """

    what: str
    n: int
    skill: float | None
    interval: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Robustness:
    """The table of a version's report.

    Attributes:
        without: with sources missing, one at a time, and in communities left out of training.
        reencoded: with images saved in other ways; empty where that was not measured.
        not_measured: why something was not measured, in sentences.
    """

    without: Sequence[Without] = ()
    reencoded: Sequence[Reencoded] = ()
    not_measured: Sequence[str] = field(default_factory=tuple)

    def to_json(self) -> dict[str, Any]:
        """JSON values only."""
        return {
            "without": [
                {"what": w.what, "n": w.n, "log_loss_skill": w.skill, "interval": w.interval}
                for w in self.without
            ],
            "reencoded": [
                {
                    "way": r.way, "n": r.n, "mean": told(r.mean), "high": told(r.high),
                    "changed": told(r.changed),
                }
                for r in self.reencoded
            ],
            "not_measured": list(self.not_measured),
            "bounds": {"mean": MAX_MOVED, "log_loss_skill": MIN_SKILL},
        }  # fmt: skip


def without(what: str, forecasts: Forecasts, rows: NDArray[np.bool_] | None = None) -> Without:
    """The log-loss skill of some forecasts, with its interval.

    Args:
        what: is missing or new.
        forecasts: made that way.
        rows: of these only, bool [n]; None: all.
    """
    happened = one_hot(forecasts.bucket, 3)
    ours = log_losses(forecasts.bucket_probabilities(), happened)
    base = log_losses(forecasts.base, happened)
    if rows is not None:
        ours, base = ours[rows], base[rows]
    n = len(ours)
    if not n or why_no_skill(n, float(base.mean())):
        return Without(what, n, None, None)
    gain, whole = base - ours, float(base.mean())
    half = _SURE * float(gain.std(ddof=1)) / np.sqrt(n)
    mean = float(gain.mean())
    return Without(what, n, mean / whole, ((mean - half) / whole, (mean + half) / whole))


def broken_bound(found: Robustness) -> str | None:
    """The first bound that is surely broken, as a sentence that names it; None: none is.

    A skill is surely too low where its whole interval is below `MIN_SKILL`.
    """
    for way in found.reencoded:
        if way.mean > MAX_MOVED:
            return (
                f"The same picture saved as {way.way} changes the forecast by {way.mean:.3f} on"
                f" average; at most {MAX_MOVED:g} is allowed."
            )
    for each in found.without:
        if not each.what.startswith("without"):
            continue
        if each.interval is not None and each.interval[1] < MIN_SKILL:
            return (
                f"The log-loss skill {each.what} is {each.skill:+.3f}"
                f" ({each.interval[0]:+.3f} … {each.interval[1]:+.3f}) on {each.n} posts; at least"
                f" {MIN_SKILL:g} is needed."
            )
    return None
