"""How scores grow: from an early score to where it is heading.

Final scores are log-linear in early ones (Szabo and Huberman found it for Digg and YouTube). Here
the logarithm is ``asinh``, which is one for large scores and takes 0 and negative ones in its
stride. A community with few posts leans on its whole platform: the fit is Bayesian linear
regression with the pooled one as its prior, closed in form.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bot.league.intervals import student_point
from models.growth_curves import FinalScore

Numbers: TypeAlias = NDArray[np.float64]

#: How many of a community's own posts weigh as much as all the others together.
POOLED_WEIGHT = 20.0

#: Before anything was seen: the score stays as it is, give or take a half in asinh (about 1.6
#: times as much or as little), worth one post.
_SPREAD = 0.5
_PRIOR_WEIGHT = 1.0


class Heading(NamedTuple):
    """Where a score is heading: 10%, 50% and 90% points of the final one."""

    low: float
    median: float
    high: float


@dataclass(frozen=True, slots=True)
class Growth:
    """What is known of growth between one reading and the horizon.

    Attributes:
        n: posts that it was learned from.
        line: float64[2], offset and slope: asinh of the final score from asinh of the early one.
        weight: float64[2, 2], precision of the line, in units of the residual's.
        freedom: how many posts the spread rests on.
        variance: of the residual.
    """

    n: int
    line: Numbers
    weight: Numbers
    freedom: float
    variance: float

    def heading(self, score: float) -> Heading:
        """Where a score is heading, from the early one."""
        return Heading(*(math.sinh(point) for point in self.final(score)))

    def final(self, score: float) -> FinalScore:
        """Quantiles of the final score, in asinh, from the early one."""
        x = np.array([1.0, math.asinh(score)])
        middle = float(x @ self.line)
        spread = self.variance * (1 + float(x @ np.linalg.solve(self.weight, x)))
        half = student_point(self.freedom, 0.9) * math.sqrt(spread)
        return FinalScore(middle - half, middle, middle + half)


def no_growth() -> Growth:
    """What is known before anything was seen."""
    return Growth(
        n=0,
        line=np.array([0.0, 1.0]),
        weight=np.eye(2) * _PRIOR_WEIGHT,
        freedom=_PRIOR_WEIGHT,
        variance=_SPREAD**2,
    )


def fit_growth(early: Numbers, final: Numbers, prior: Growth) -> Growth:
    """What is known after these posts.

    Args:
        early: float64[n], scores at the reading.
        final: float64[n], labels of the same posts.
        prior: what was known before: `no_growth`, or the pool through `as_prior`.
    """
    x = np.column_stack([np.ones(len(early)), np.arcsinh(early)])
    y = np.arcsinh(final)
    weight = x.T @ x + prior.weight
    line = np.linalg.solve(weight, x.T @ y + prior.weight @ prior.line)
    squares = (
        prior.freedom * prior.variance
        + float(((y - x @ line) ** 2).sum())
        + float((line - prior.line) @ prior.weight @ (line - prior.line))
    )
    freedom = prior.freedom + len(early)
    return Growth(prior.n + len(early), line, weight, freedom, squares / freedom)


def as_prior(pool: Growth, worth: float = POOLED_WEIGHT) -> Growth:
    """What a pool says about a community that is not in it, as if seen in ``worth`` posts."""
    share = min(worth / pool.freedom, 1.0)
    return Growth(0, pool.line, pool.weight * share, pool.freedom * share, pool.variance)


def adapted(expected: FinalScore, seen: Sequence[tuple[FinalScore, float]]) -> Heading:
    """Where a score is heading by growth curves, adapted to one community.

    Its own posts tell by how many halves of the interval the curves were off there; the quantiles
    of that replace the curves' own. The curves count as much as `POOLED_WEIGHT` posts that were
    off as they expect, so that a community without posts gets what the curves say.

    Args:
        expected: what the curves say of the post.
        seen: what they said of the community's posts, and the scores that these ended with.
    """
    as_expected = (np.arange(POOLED_WEIGHT) + 0.5) / POOLED_WEIGHT
    # A triangle of straight halves has its 10% and 90% points at one half to either side.
    off = [*np.interp(as_expected, [0, 0.1, 0.5, 0.9, 1], [-1.5, -1, 0, 1, 1.5])]
    for foreseen, final in seen:
        away = math.asinh(final) - foreseen.median
        half = foreseen.high - foreseen.median if away > 0 else foreseen.median - foreseen.low
        off.append(away / half)
    points = np.quantile(off, [0.1, 0.5, 0.9])
    low, median, high = (
        expected.median
        + point * (expected.high - expected.median if point > 0 else expected.median - expected.low)
        for point in points
    )
    return Heading(math.sinh(low), math.sinh(median), math.sinh(high))
