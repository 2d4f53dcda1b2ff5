"""Fixed steps between the groups of features and the network: fitted once, never trained.

Wide groups (the embedding, hashed text) are projected onto their main directions, because a few
thousand labels cannot fill 1280 columns. Each metadata column is cut at its own quantiles, so
that a small network can bend where the posts are.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_PROJECTED = ("embedding", "title", "text")


@dataclass(frozen=True, slots=True)
class Projection:
    """Columns centred and scaled, then projected: float32 [n, width] → [n, directions].

    Attributes:
        mean: float32 [width].
        basis: float32 [width, directions], scale included.
    """

    mean: Floats
    basis: Floats

    def __call__(self, values: NDArray[Any]) -> Floats:
        """Project values [n, width] of any float type: float32 [n, directions]."""
        centred: Floats = values.astype(np.float32) - self.mean
        projected: Floats = np.matmul(centred, self.basis, dtype=np.float32)
        return projected


@dataclass(frozen=True, slots=True)
class Staircase:
    """Each column as its progress through its own quantiles: float32 [n, m] → [n, m · steps].

    A step is 0 below its quantile range, 1 above it, and rises linearly in between, so that any
    function that bends at the quantiles is linear in the steps, and nothing runs off beyond what
    training saw. Steps are then standardised; those that never varied are left at 0.

    Attributes:
        edges: float32 [m, steps + 1], rising; repeated edges make empty steps.
        mean: float32 [m · steps].
        scale: float32 [m · steps]; 0 where the step never varied.
    """

    edges: Floats
    mean: Floats
    scale: Floats

    def steps(self, values: NDArray[Any]) -> Floats:
        """Progress before standardising, in 0..1."""
        lower, upper = self.edges[:, :-1], self.edges[:, 1:]
        width = np.where(upper > lower, upper - lower, 1)
        progress = (values.astype(np.float32)[:, :, None] - lower) / width
        # An empty step stays 0.
        progress = np.where(upper > lower, np.clip(progress, 0, 1), 0)
        flat: Floats = progress.reshape(len(values), -1).astype(np.float32)
        return flat

    def __call__(self, values: NDArray[Any]) -> Floats:
        """The steps, standardised: float32 [n, m · steps]."""
        standardised: Floats = (self.steps(values) - self.mean) * self.scale
        return standardised


@dataclass(frozen=True, slots=True)
class Encoding:
    """The encodings of all groups."""

    embedding: Projection
    title: Projection
    text: Projection
    metadata: Staircase

    def __call__(self, groups: Mapping[str, NDArray[Any]]) -> dict[str, Floats]:
        """What the network takes: each group float32 [n, its encoded width]."""
        return {
            "embedding": self.embedding(groups["embedding"]),
            "title": self.title(groups["title"]),
            "text": self.text(groups["text"]),
            "metadata": self.metadata(groups["metadata"]),
        }

    def arrays(self) -> dict[str, Floats]:
        """Everything of it, by name, for the head's file."""
        found = {
            "metadata/edges": self.metadata.edges,
            "metadata/mean": self.metadata.mean,
            "metadata/scale": self.metadata.scale,
        }
        for group in _PROJECTED:
            projection: Projection = getattr(self, group)
            found |= {f"{group}/mean": projection.mean, f"{group}/basis": projection.basis}
        return found

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, Floats]) -> "Encoding":
        """Back from `arrays`.

        Raises:
            KeyError: one is missing.
        """
        embedding, title, text = (
            Projection(arrays[f"{group}/mean"], arrays[f"{group}/basis"]) for group in _PROJECTED
        )
        staircase = Staircase(
            arrays["metadata/edges"], arrays["metadata/mean"], arrays["metadata/scale"]
        )
        return cls(embedding, title, text, staircase)
