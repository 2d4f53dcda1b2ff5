"""How well a caption's words do: hashed words and letter groups, one linear layer, NumPy only."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from models.captions.emotions import weighted


@dataclass(frozen=True, slots=True)
class WordMerit:
    """Says which place a caption takes among those of its template, 0 to 1, by its words alone.

    Attributes:
        rarity: float32 [BUCKETS], inverse document frequency.
        weights: float32 [BUCKETS].
        bias: the place of a caption without a known word.
        deviation: of what it says of captions that it did not learn from.
    """

    rarity: NDArray[np.float32]
    weights: NDArray[np.float32]
    bias: float
    deviation: float

    def place(self, text: str) -> float:
        """Around 0.5; higher is better."""
        buckets, values = weighted(text, self.rarity)
        return float(values @ self.weights[buckets]) + self.bias

    def standard(self, text: str) -> float:
        """The same in standard deviations from the middle."""
        return (self.place(text) - self.bias) / self.deviation

    def save(self, path: Path) -> None:
        """Write it in half precision."""
        half = np.float16
        np.savez_compressed(
            path,
            rarity=self.rarity.astype(half),
            weights=self.weights.astype(half),
            scale=np.array([self.bias, self.deviation], np.float32),
        )

    @classmethod
    def load(cls, path: Path) -> Self:
        """Back from `save`.

        Raises:
            OSError, ValueError, KeyError: the file is missing or damaged.
        """
        with np.load(path) as found:
            rarity, weights = (found[n].astype(np.float32) for n in ("rarity", "weights"))
            return cls(rarity, weights, *(float(each) for each in found["scale"]))
