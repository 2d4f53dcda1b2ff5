"""An interpolated Kneser-Ney model of three tokens: what the caption network is compared with.

Modified discounts as in Chen and Goodman (1998): one each for n-grams seen once, twice and more.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

_START = -1


class KneserNey:
    """Trigrams over tokens 0 to ``vocabulary`` - 1.

    Args:
        lines: token sequences to learn from, END included.
        vocabulary: how many tokens there are.
    """

    def __init__(self, lines: Iterable[Sequence[int]], vocabulary: int) -> None:
        self._vocabulary = vocabulary
        three: Counter[tuple[int, ...]] = Counter()
        for line in lines:
            padded = (_START, _START, *line)
            three.update(zip(padded, padded[1:], padded[2:], strict=False))
        # Below the highest order, what counts is after how many different tokens one came.
        two = Counter(gram[1:] for gram in three)
        one = Counter(gram[1:] for gram in two)
        self._orders = [_Order(counts) for counts in (one, two, three)]

    def probability(self, token: int, first: int, second: int) -> float:
        """Of a token after two others."""
        found = 1.0 / self._vocabulary
        for order, context in zip(self._orders, ((), (second,), (first, second)), strict=True):
            found = order.interpolated(context, token, found)
        return found

    def nats(self, line: Sequence[int]) -> NDArray[np.float64]:
        """Negative log-probability of each token of a line."""
        padded = (_START, _START, *line)
        return -np.log(
            [
                self.probability(token, first, second)
                for first, second, token in zip(padded, padded[1:], padded[2:], strict=False)
            ]
        )


class _Order:
    """Counts of one order, and what is taken off them for the order below."""

    def __init__(self, counts: Counter[tuple[int, ...]]) -> None:
        self._counts = counts
        of = Counter(min(count, 5) for count in counts.values())
        share = of[1] / max(of[1] + 2 * of[2], 1)
        self._discounts = [0.0] + [
            max(n - (n + 1) * share * of[n + 1] / of[n], 0.0) if of[n] else 0.5 for n in (1, 2, 3)
        ]
        self._totals: defaultdict[tuple[int, ...], int] = defaultdict(int)
        self._taken: defaultdict[tuple[int, ...], float] = defaultdict(float)
        for gram, count in counts.items():
            self._totals[gram[:-1]] += count
            self._taken[gram[:-1]] += self._discounts[min(count, 3)]

    def interpolated(self, context: tuple[int, ...], token: int, below: float) -> float:
        total = self._totals.get(context, 0)
        if not total:
            return below
        count = self._counts.get((*context, token), 0)
        kept = max(count - self._discounts[min(count, 3)], 0.0)
        return (kept + self._taken[context] * below) / total
