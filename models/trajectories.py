"""A post's readings so far, and what a second look sees of them.

Rules for readings that are not as they should be, the same when learning and when serving:
readings count in the order of their ages, in whatever order they arrived; of two at one age the
later one counts; an age that is not above 0 or a score that is no number is left out; a score may
fall or be negative; a number of comments below 0 is unknown, and so is a share of upvotes that is
not from 0 to 1.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

Numbers: TypeAlias = NDArray[np.float64]

#: Columns of `Trajectory.features`, all but the last in asinh units; NaN where it is not known.
FEATURES = (
    "score",
    "comments",
    "score, less that at half the age",
    "comments, less those at half the age",
    "score, less that at a quarter of the age",
    "comments, less those at a quarter of the age",
    "comments, less the score",
    "score, less the highest so far",
    "share of upvotes",
)


class Reading(NamedTuple):
    """What was read of a post.

    Attributes:
        age: seconds since it was posted.
        score: net upvotes.
        comments: how many; None: the platform did not tell.
        upvote_ratio: share of upvotes among the votes, 0 to 1; None: the platform did not tell.
    """

    age: float
    score: float
    comments: float | None = None
    upvote_ratio: float | None = None


#: Half an age, in logarithms, must not come out before the reading at that age.
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Trajectory:
    """Readings of one post, the youngest age first.

    Attributes:
        ages: float64[n], seconds, strictly ascending and above 0.
        scores: float64[n].
        comments: float64[n]; NaN where they are not known.
        upvote_ratios: float64[n]; NaN where they are not known.
    """

    ages: Numbers
    scores: Numbers
    comments: Numbers
    upvote_ratios: Numbers

    @classmethod
    def of(cls, readings: Iterable[Reading]) -> Self:
        """The trajectory of readings in any order, by the rules above."""
        by_age: dict[float, Reading] = {}
        for each in readings:
            if math.isfinite(each.age) and each.age > 0 and math.isfinite(each.score):
                by_age[each.age] = each
        ordered = [by_age[age] for age in sorted(by_age)]
        return cls(
            np.array([each.age for each in ordered], np.float64),
            np.array([each.score for each in ordered], np.float64),
            np.array([_known(each.comments) for each in ordered], np.float64),
            np.array([_share(each.upvote_ratio) for each in ordered], np.float64),
        )

    def until(self, age: float) -> Self:
        """The readings up to an age, seconds."""
        n = int(np.searchsorted(self.ages, age, side="right"))
        return self.at(slice(n))

    def at(self, readings: slice | Sequence[int]) -> Self:
        """Some of the readings, by their numbers."""
        return type(self)(
            self.ages[readings],
            self.scores[readings],
            self.comments[readings],
            self.upvote_ratios[readings],
        )

    def features(self) -> Numbers:
        """float64[9], what a second look sees, by `FEATURES`. There is at least one reading.

        Scores between two readings lie on the line between them, in asinh and the logarithm of
        the age; before the first reading they are not known.
        """
        scores, comments = np.arcsinh(self.scores), np.arcsinh(self.comments)
        ages = np.log(self.ages)
        earlier = ages[-1] - np.log([2, 4]) + _ROUNDING
        grown = scores[-1] - np.interp(earlier, ages, scores, left=np.nan)
        discussed = comments[-1] - np.interp(earlier, ages, comments, left=np.nan)
        return np.array(
            [
                scores[-1], comments[-1], grown[0], discussed[0], grown[1], discussed[1],
                comments[-1] - scores[-1], scores[-1] - scores.max(), self.upvote_ratios[-1],
            ]
        )  # fmt: skip


def _share(ratio: float | None) -> float:
    return ratio if ratio is not None and 0 <= ratio <= 1 else math.nan


def _known(comments: float | None) -> float:
    if comments is None or not math.isfinite(comments) or comments < 0:
        return math.nan
    return float(comments)
