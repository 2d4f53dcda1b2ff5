"""The prediction that was made before any vote, as the prior of a second look.

By Bayes' rule, with normal distributions in ``asinh``: what the first prediction says beyond the
community's usual scores is added to what the readings say, each by its precision. A prediction
that says no more than "a usual score" changes nothing. Readings and prediction are not
independent: an image that is liked was liked early, too. So only a share of the change is made, and
a community's own posts say how much: none, until they have shown that it helps.
"""

from collections.abc import Sequence

import numpy as np

from models.growth_curves import FinalScore

#: Posts with a label, a reading and a first prediction before a community trusts its first
#: predictions; and the posts that speak against them when it begins.
MIN_POSTS = 50
DOUBT = 20.0

#: From the middle to the 90% point of the normal distribution.
_Z = 1.2815515655446004

#: Nothing is known more exactly than this (standard deviation, asinh): small scores are whole.
_LEAST_SPREAD = 0.25


def full_change(looked: FinalScore, first: FinalScore, usual: FinalScore) -> float:
    """How far the median of a second look would move (asinh) if both were independent.

    Args:
        looked: what the readings say.
        first: what was predicted before any vote.
        usual: the community's scores.
    """
    own, base = _spread(looked), _spread(usual)
    # A prediction is never vaguer than what is known without it.
    told = min(_spread(first), base)
    evidence = (first.median - looked.median) / told**2 - (usual.median - looked.median) / base**2
    return evidence / (own**-2 + told**-2 - base**-2)


def trust(changes: Sequence[float], off: Sequence[float]) -> float:
    """The share (0 to 1) of the full change that is made.

    The slope of what second looks were off by on the full change, by least squares, leaning on
    none.

    Args:
        changes: the full change for each of the community's posts.
        off: how far each ended above the median of its second look, asinh.
    """
    n = len(changes)
    if n < MIN_POSTS:
        return 0.0
    x = np.array(changes) - np.mean(changes)
    squares = float(x @ x)
    if squares <= 0:
        return 0.0
    slope = float(x @ (np.array(off) - np.mean(off))) / (squares * (1 + DOUBT / n))
    return min(max(slope, 0.0), 1.0)


def moved(looked: FinalScore, change: float) -> FinalScore:
    """A second look moved by ``change`` (asinh); its interval stays as wide as it is."""
    return FinalScore(*(point + change for point in looked))


def _spread(scores: FinalScore) -> float:
    return max((scores.high - scores.low) / 2 / _Z, _LEAST_SPREAD)
