"""Fixed steps between the groups of features and the network: fitted once, never trained.

Wide groups (the embedding, hashed text) are projected onto their main directions, because a few
thousand labels cannot fill 1280 columns. Each metadata column is cut at its own quantiles, so
that a small network can bend where the posts are. What training never saw adds nothing: outputs
stay within the range of the training posts, and a source (`models.support.SOURCES`) in which a post
is unlike all of them fades to its mean.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.support import METADATA_OWNERS, PROJECTED, SOURCES, Support

Floats = NDArray[np.float32]

#: Of columns that are all 0: a picture's have a mean square of 0.2 to 0.9.
_LEAST_STRENGTH = np.float32(0.02)


@dataclass(frozen=True, slots=True)
class Projection:
    """Columns centred, scaled, projected, clipped and scaled: float32 [n, width] → [n, directions].

    Attributes:
        mean: float32 [width].
        scale: float32 [width], of the centred columns.
        basis: float32 [width, directions], ``scale`` included.
        low, high: float32 [directions], the range of the training posts.
        deviation: float32 [directions], of the training posts; 0 where they never varied.
        gain: float32 [directions], what the clipped values are multiplied by.
    """

    mean: Floats
    scale: Floats
    basis: Floats
    low: Floats
    high: Floats
    deviation: Floats
    gain: Floats
    #: As ``deviation``, and without end where the posts never varied: there nothing is far away.
    _reach: Floats = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """What is the same for all posts is worked out once."""
        reach = np.where(self.deviation > 0, self.deviation, np.float32(np.inf))
        object.__setattr__(self, "_reach", reach)

    def directions(self, values: NDArray[Any]) -> Floats:
        """Project values [n, width] of any float type: float32 [n, directions]."""
        centred: Floats = np.asarray(values, np.float32) - self.mean
        projected: Floats = np.matmul(centred, self.basis, dtype=np.float32)
        return projected

    def encoded(self, directions: Floats) -> Floats:
        """What the network takes, from `directions`."""
        clipped: Floats = np.minimum(np.maximum(directions, self.low), self.high) * self.gain
        return clipped

    def __call__(self, values: NDArray[Any]) -> Floats:
        """Project and clip values [n, width] of any float type: float32 [n, directions]."""
        return self.encoded(self.directions(values))

    def unlikeness(self, values: NDArray[Any], directions: Floats) -> Floats:
        """How far posts lie from the middle, along the directions and beside them, and how weak.

        Returns:
            float32 [n, 3]: the logarithm of the mean squared distance in deviations, that of
            what the directions leave of the scaled columns' squares, and one by the mean square of
            the columns themselves. To noise and to plain shades a backbone of photographs hardly
            answers; their distances are those of any picture.
        """
        values = np.asarray(values, np.float32)
        far: Floats = np.empty((len(values), 3), np.float32)
        far[:, 0] = _squares(directions / self._reach) / np.float32(directions.shape[1])
        scaled = (values - self.mean) * self.scale
        far[:, 1] = np.maximum(_squares(scaled) - _squares(directions), 0)
        np.log(far[:, :2] + np.float32(1e-3), out=far[:, :2])
        strength = _squares(values) / np.float32(values.shape[1]) + _LEAST_STRENGTH
        far[:, 2] = 1 / strength
        return far


def _squares(rows: Floats) -> Floats:
    """The sum of the squares of each row."""
    # Of a few rows most of what `sum` and `mean` cost is their way to this.
    sums: Floats = np.add.reduce(rows * rows, axis=1)
    return sums


@dataclass(frozen=True, slots=True)
class Staircase:
    """Each column as its progress through its own quantiles: float32 [n, m] → [n, m · steps].

    A step is 0 below its quantile range, 1 above it, and rises linearly in between, so that any
    function that bends at the quantiles is linear in the steps, and nothing runs off beyond what
    training saw. Steps are then centred and scaled; those that never varied are left at 0.

    Attributes:
        edges: float32 [m, steps + 1], rising; repeated edges make empty steps.
        mean: float32 [m · steps].
        scale: float32 [m · steps]; 0 where the step never varied.
    """

    edges: Floats
    mean: Floats
    scale: Floats
    #: How wide each step is, float32 [m, steps]; without end where it is empty: it stays 0.
    _width: Floats = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """What is the same for all posts is worked out once."""
        width = self.edges[:, 1:] - self.edges[:, :-1]
        object.__setattr__(self, "_width", np.where(width > 0, width, np.float32(np.inf)))

    def steps(self, values: NDArray[Any]) -> Floats:
        """Progress before centring, in 0..1."""
        above = np.asarray(values, np.float32)[:, :, None] - self.edges[:, :-1]
        progress: Floats = np.minimum(np.maximum(above / self._width, 0), 1)
        return progress.reshape(len(values), -1)

    def __call__(self, values: NDArray[Any]) -> Floats:
        """The steps, centred and scaled: float32 [n, m · steps]."""
        scaled: Floats = (self.steps(values) - self.mean) * self.scale
        return scaled


@dataclass(frozen=True, slots=True)
class Encoding:
    """The encodings of all groups, and what the posts they were fitted on looked like."""

    embedding: Projection
    title: Projection
    text: Projection
    metadata: Staircase
    support: Support
    #: Whether anything of each source can move a prediction: bool [sources].
    used: NDArray[np.bool_] = field(init=False, repr=False, compare=False)
    #: The source of each step of the metadata, as its number in `SOURCES`.
    _owners: NDArray[np.int_] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Look for what can move a prediction: once, and not for every post."""
        steps = self.metadata.edges.shape[1] - 1
        moves = (self.metadata.scale.reshape(-1, steps) != 0).any(axis=1)
        used = np.isin(np.arange(len(SOURCES)), METADATA_OWNERS[moves])
        for group, source in PROJECTED.items():
            used[SOURCES.index(source)] |= bool(getattr(self, group).gain.any())
        object.__setattr__(self, "used", used)
        object.__setattr__(self, "_owners", np.repeat(METADATA_OWNERS, steps))

    def __call__(self, groups: Mapping[str, NDArray[Any]]) -> dict[str, Floats]:
        """What the network takes: each group float32 [n, its encoded width]."""
        return self.with_trust(groups)[0]

    def with_trust(self, groups: Mapping[str, NDArray[Any]]) -> tuple[dict[str, Floats], Floats]:
        """As calling it, and how far each source was trusted: float32 [n, sources], 0 to 1."""
        encoded: dict[str, Floats] = {}
        unlikeness = [np.asarray(groups["metadata"], np.float32)]
        for group in PROJECTED:
            projection: Projection = getattr(self, group)
            directions = projection.directions(groups[group])
            encoded[group] = projection.encoded(directions)
            unlikeness.append(projection.unlikeness(groups[group], directions))
        trust = self.support.trust(np.concatenate(unlikeness, axis=1))
        for group, source in PROJECTED.items():
            number = SOURCES.index(source)
            encoded[group] = encoded[group] * trust[:, number : number + 1]
        encoded["metadata"] = self.metadata(groups["metadata"]) * trust[:, self._owners]
        return encoded, trust

    def arrays(self) -> dict[str, Floats]:
        """Everything of it, by name, for the head's file."""
        return {
            f"{part}/{name}": getattr(getattr(self, part), name)
            for part, names in _PARTS.items()
            for name in names
        }

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, Floats]) -> "Encoding":
        """Back from `arrays`.

        Raises:
            KeyError: one is missing.
        """
        embedding, title, text = (
            Projection(*(arrays[f"{group}/{name}"] for name in _PARTS[group]))
            for group in PROJECTED
        )
        staircase = Staircase(*(arrays[f"metadata/{name}"] for name in _PARTS["metadata"]))
        support = Support(*(arrays[f"support/{name}"] for name in _PARTS["support"]))
        return cls(embedding, title, text, staircase, support)


_OF_PROJECTION = ("mean", "scale", "basis", "low", "high", "deviation", "gain")

#: The arrays of each part of an encoding.
_PARTS = {
    **dict.fromkeys(PROJECTED, _OF_PROJECTION),
    "metadata": ("edges", "mean", "scale"),
    "support": ("centre", "low", "high"),
}
