"""How often the better of two was called: of pairs of posts, the one predicted to do better did.

Advice that compares things is as good as such comparisons were. Only predictions that were stored
before their labels count, and each pair counts once. Posts are in many pairs, so that the interval
comes from drawing posts again (bootstrap), not pairs.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Numbers: TypeAlias = NDArray[np.float64]

#: Fewer posts say nothing.
MIN_POSTS = 20
#: More posts are not compared: pairs grow with the square.
MOST_POSTS = 400
#: Fewer pairs like the one that is asked about say nothing of it.
_MIN_PAIRS = 100
_DRAWS = 200


@dataclass(frozen=True, slots=True)
class PairRecord:
    """How often pairs were put in the right order.

    Attributes:
        posts: how many posts are in a pair.
        pairs: how many pairs there are.
        right: the share of them in the right order, 0 to 1; None: too few posts to tell.
        interval: 95%, both ends 0 to 1; None: too few posts to tell.
    """

    posts: int
    pairs: int
    right: float | None = None
    interval: tuple[float, float] | None = None

    @property
    def beats_chance(self) -> bool:
        """Whether it was more often right than a coin, as far as can be told."""
        return self.interval is not None and self.interval[0] > 0.5


def pair_record(
    predicted: Numbers,
    outcome: Numbers,
    group: NDArray[np.int64],
    *,
    across: bool = False,
    gap: float | None = None,
) -> PairRecord:
    """Compare posts with each other.

    Pairs with the same prediction or the same outcome say nothing, and are left out.

    Args:
        predicted: float64 [n], higher is better; at most `MOST_POSTS`.
        outcome: float64 [n], higher is better.
        group: int64 [n]: the community of each.
        across: compare posts of different communities; else of the same one.
        gap: only pairs whose predictions differ about as much: by half of it to twice as much.
    """
    apart = predicted[:, None] - predicted[None, :]
    # Each pair once, from the side of the better prediction.
    counts = (apart > 0) & (outcome[:, None] != outcome[None, :])
    counts &= (group[:, None] != group[None, :]) == across
    if gap is not None:
        counts &= (apart >= gap / 2) & (apart <= gap * 2)
    posts = int((counts | counts.T).any(axis=0).sum())
    pairs = int(counts.sum())
    if posts < MIN_POSTS or (gap is not None and pairs < _MIN_PAIRS):
        return PairRecord(posts, pairs)
    right = counts & (outcome[:, None] > outcome[None, :])
    n = len(predicted)
    draws = np.random.default_rng(0).multinomial(n, np.full(n, 1 / n), _DRAWS).astype(np.float32)
    found = ((draws @ right.astype(np.float32)) * draws).sum(axis=1)
    of = ((draws @ counts.astype(np.float32)) * draws).sum(axis=1)
    low, high = np.quantile(found[of > 0] / of[of > 0], (0.025, 0.975))
    return PairRecord(posts, pairs, float(right.sum()) / pairs, (float(low), float(high)))
