"""Which emotion a caption has: hashed words and letter groups, one linear layer, NumPy only."""

import itertools
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from models.captions.tokenizer import EXPRESSIONS, normal

#: Buckets that words, pairs of words and letter groups are hashed into.
BUCKETS = 2**15
_WORD = re.compile(r"[\w']+|[^\w\s]")


def _groups(text: str) -> Iterator[str]:
    words = _WORD.findall(normal(text))
    yield from (f"w {word}" for word in words)
    yield from (f"p {first} {second}" for first, second in itertools.pairwise(words))
    for word in words:
        padded = f" {word} "
        for size in (3, 4, 5):
            yield from (padded[i : i + size] for i in range(len(padded) - size + 1))


def hashed(text: str) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Buckets of a text's words and letter groups, rising, and 1 + log of how often each is there.

    Words with their pairs, and letter groups, are two halves of the buckets.
    """
    half = BUCKETS // 2
    counts: Counter[int] = Counter()
    for group in _groups(text):
        word = group[:2] in ("w ", "p ")
        counts[zlib.crc32(group.encode("utf-8", "replace")) % half + half * (not word)] += 1
    buckets = np.array(sorted(counts), np.int64)
    often = np.array([counts[bucket] for bucket in buckets], np.float32)
    return buckets, (1 + np.log(often)).astype(np.float32)


@dataclass(frozen=True, slots=True)
class EmotionClassifier:
    """Says how probable each emotion is of a text.

    Attributes:
        rarity: float32 [BUCKETS], inverse document frequency.
        weights: float32 [BUCKETS, 7].
        bias: float32 [7], in the order of `EXPRESSIONS`.
    """

    rarity: NDArray[np.float32]
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]

    def probabilities(self, text: str) -> NDArray[np.float32]:
        """float32 [7], in the order of `EXPRESSIONS`."""
        buckets, values = weighted(text, self.rarity)
        logits = values @ self.weights[buckets] + self.bias
        shares = np.exp(logits - logits.max())
        found: NDArray[np.float32] = (shares / shares.sum()).astype(np.float32)
        return found

    def most_probable(self, text: str, among: Sequence[str] = EXPRESSIONS) -> str:
        """The most probable emotion of some."""
        chances = self.probabilities(text)
        return max(among, key=lambda name: float(chances[EXPRESSIONS.index(name)]))

    def save(self, path: Path) -> None:
        """Write it in half precision."""
        half = np.float16
        np.savez_compressed(
            path,
            rarity=self.rarity.astype(half),
            weights=self.weights.astype(half),
            bias=self.bias.astype(half),
        )

    @classmethod
    def load(cls, path: Path) -> Self:
        """Back from `save`.

        Raises:
            OSError, ValueError, KeyError: the file is missing or damaged.
        """
        with np.load(path) as found:
            names = ("rarity", "weights", "bias")
            return cls(*(found[name].astype(np.float32) for name in names))


def weighted(
    text: str, rarity: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """`hashed`, weighted by rarity; words and letter groups are each of length one."""
    buckets, values = hashed(text)
    values = values * rarity[buckets]
    for part in (buckets < BUCKETS // 2, buckets >= BUCKETS // 2):
        norm = float(np.linalg.norm(values[part]))
        if norm > 0:
            values[part] /= norm
    return buckets, values
