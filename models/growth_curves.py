"""Growth curves: from the readings so far to a distribution of the final score.

For each age there are three quantiles (10%, 50%, 90%) of how much the score still grows, in asinh:
each the mean of boosted trees that were fitted without one stretch of the posts. The trees are
plain arrays, evaluated with NumPy: serving needs no scikit-learn. The interval is scaled so that it
held 80% of the posts that its trees did not see (split conformal prediction: Romano, Patterson and
Candès 2019).
"""

import json
import math
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from models.trajectories import FEATURES, Trajectory
from storage.errors import ExpectedError

Numbers: TypeAlias = NDArray[np.float64]

#: Of the file; raised when its arrays or the features change their meaning.
FORMAT = 2

#: The shipped curves, learned from Reddit.
STARTER = Path(__file__).parent / "starter" / "growth_reddit.npz"
#: The file that ships for a platform, by its name. Scores of one platform say nothing about
#: another's.
SHIPPED = {"reddit": STARTER}


def learned_path(folder: Path, platform: str) -> Path:
    """Where the curves lie that were fitted on a platform's own posts.

    Args:
        folder: of the model versions.
        platform: its name.
    """
    return folder / "growth" / f"{platform}.npz"


LEVELS = (0.1, 0.5, 0.9)

#: From the middle to the 90% point of the normal distribution.
_Z = 1.2815515655446004

#: No interval is narrower on either side (asinh): scores on Reddit are blurred by more.
_LEAST_HALF = 0.01

#: A curve serves ages up to so many times its own, either way.
_NEAR = 1.25


class CurvesUnusable(ExpectedError):
    """A file of growth curves is damaged or from another version."""


class FinalScore(NamedTuple):
    """Quantiles of a final score, in asinh: 10%, 50% and 90%."""

    low: float
    median: float
    high: float

    def above(self, score: float) -> float:
        """How many standard deviations the median lies above ``score``; negative: below it.

        The deviation is that of the upper half of the interval: it is asked of scores that few
        posts reach. Its normal probability is the chance of reaching ``score``.
        """
        half = max(self.high - self.median, _LEAST_HALF)
        return (self.median - math.asinh(score)) / half * _Z


@dataclass(frozen=True, slots=True)
class Trees:
    """Boosted trees whose predictions are added; arrays are [trees, nodes].

    Attributes:
        feature: int8, column that a node looks at; -1 in a leaf.
        threshold: float64, what is at most this goes left.
        missing_left: bool, where NaN goes.
        left: int16, node that it goes on with.
        right: int16, the other.
        value: float64, what a leaf adds.
        start: what is added once.
    """

    feature: NDArray[np.int8]
    threshold: Numbers
    missing_left: NDArray[np.bool_]
    left: NDArray[np.int16]
    right: NDArray[np.int16]
    value: Numbers
    start: float

    def __call__(self, features: Numbers) -> Numbers:
        """float64[n], the predictions for float64[n, features]."""
        trees = np.arange(len(self.feature))
        node = np.zeros((len(features), len(trees)), np.int16)
        rows = np.arange(len(features))[:, None]
        while True:
            column = self.feature[trees, node]
            if (column < 0).all():
                return np.asarray(self.value[trees, node].sum(axis=1) + self.start)
            x = features[rows, np.maximum(column, 0)]
            goes_left = np.where(
                np.isnan(x), self.missing_left[trees, node], x <= self.threshold[trees, node]
            )
            onward = np.where(goes_left, self.left[trees, node], self.right[trees, node])
            node = np.where(column < 0, node, onward)


@dataclass(frozen=True, slots=True)
class Curve:
    """How scores grow from one age to the horizon.

    Attributes:
        age: seconds.
        n: posts that it was learned from.
        quantiles: the trees of 10%, 50% and 90%, in this order; each adds up over the stretches
            that it was fitted without, so that its sum is divided by ``stretches``.
        stretches: how many.
        scale: what the interval's halves are multiplied by, so that it holds 80%.
    """

    age: float
    n: int
    quantiles: tuple[Trees, Trees, Trees]
    stretches: int
    scale: float

    def final(self, features: Numbers) -> Numbers:
        """float64[n, 3], quantiles of the final score in asinh, for float64[n, features]."""
        grown = np.column_stack([trees(features) for trees in self.quantiles]) / self.stretches
        return features[:, :1] + scaled(grown, self.scale)


def scaled(quantiles: Numbers, scale: float) -> Numbers:
    """float64[n, 3] with the halves of the interval scaled, in order and not too narrow."""
    middle = quantiles[:, 1]
    low = middle - scale * np.maximum(middle - quantiles[:, 0], _LEAST_HALF)
    high = middle + scale * np.maximum(quantiles[:, 2] - middle, _LEAST_HALF)
    return np.column_stack([low, middle, high])


@dataclass(frozen=True, slots=True)
class GrowthCurves:
    """Curves for some ages and one horizon.

    Attributes:
        horizon: seconds.
        curves: the youngest age first.
    """

    horizon: float
    curves: tuple[Curve, ...]

    def near(self, age: float, horizon: float) -> Curve | None:
        """The curve for an age (seconds), None where none was learned near it."""
        if horizon != self.horizon or not self.curves or age <= 0:
            return None
        nearest = min(self.curves, key=lambda curve: abs(math.log(curve.age / age)))
        return nearest if 1 / _NEAR <= nearest.age / age <= _NEAR else None

    def final(self, trajectory: Trajectory, horizon: float) -> FinalScore | None:
        """Where a post is heading from all its readings; None where nothing was learned."""
        if not len(trajectory.ages):
            return None
        curve = self.near(float(trajectory.ages[-1]), horizon)
        if curve is None:
            return None
        return FinalScore(*(float(each) for each in curve.final(trajectory.features()[None])[0]))

    def save(self, path: Path) -> None:
        """Write one file, versioned and without pickle."""
        arrays: dict[str, Any] = {}
        described = []
        for number, curve in enumerate(self.curves):
            starts = []
            for level, trees in zip(LEVELS, curve.quantiles, strict=True):
                for name in _ARRAYS:
                    array = getattr(trees, name)
                    if name in _SINGLE:
                        array = array.astype(np.float32)
                    arrays[f"{number}/{level}/{name}"] = array
                starts.append(trees.start)
            described.append(
                {
                    "age": curve.age, "n": curve.n, "stretches": curve.stretches,
                    "scale": curve.scale, "starts": starts,
                }
            )  # fmt: skip
        head = {
            "format": FORMAT,
            "features": FEATURES,
            "horizon": self.horizon,
            "curves": described,
        }
        with path.open("wb") as file:
            np.savez_compressed(file, head=np.array(json.dumps(head)), **arrays)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the file of `save`.

        Raises:
            CurvesUnusable: it is missing, damaged or of another format.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                head = json.loads(str(file["head"]))
                if head["format"] != FORMAT or tuple(head["features"]) != FEATURES:
                    raise CurvesUnusable(f"The growth curves in {path} are of another version.")
                curves = tuple(
                    _curve(file, number, each) for number, each in enumerate(head["curves"])
                )
                return cls(float(head["horizon"]), curves)
        except (
            OSError, ValueError, KeyError, TypeError, EOFError, NotImplementedError,
            zipfile.BadZipFile, zlib.error,
        ) as error:  # fmt: skip
            raise CurvesUnusable(
                f"The growth curves in {path} cannot be read ({error})."
            ) from error


_ARRAYS = ("feature", "threshold", "missing_left", "left", "right", "value")
_SINGLE = ("threshold", "value")


def _curve(file: Any, number: int, head: dict[str, Any]) -> Curve:
    def trees(level: float, start: float) -> Trees:
        arrays = {name: file[f"{number}/{level}/{name}"] for name in _ARRAYS}
        if not _lead_to_leaves(arrays):
            raise ValueError("the nodes of a tree do not lead to its leaves")
        single = {name: arrays[name].astype(np.float64) for name in _SINGLE}
        return Trees(**(arrays | single), start=float(start))

    low, middle, high = (
        trees(level, start) for level, start in zip(LEVELS, head["starts"], strict=True)
    )
    return Curve(
        float(head["age"]),
        int(head["n"]),
        (low, middle, high),
        int(head["stretches"]),
        float(head["scale"]),
    )


def _lead_to_leaves(arrays: dict[str, Any]) -> bool:
    """Whether each node that can be reached is a leaf, or knows its column and leads to later ones.

    Smaller trees are filled up with nodes that cannot be reached.
    """
    feature = arrays["feature"]
    if feature.ndim != 2 or any(each.shape != feature.shape for each in arrays.values()):
        return False
    size: int = feature.shape[1]
    reached = np.zeros(feature.shape, np.bool_)
    reached[:, :1] = True
    for node in range(size):
        (inner,) = np.nonzero(reached[:, node] & (feature[:, node] >= 0))
        if (feature[inner, node] >= len(FEATURES)).any():
            return False
        for side in ("left", "right"):
            child = arrays[side][inner, node]
            if ((child <= node) | (child >= size)).any():
                return False
            reached[inner, child] = True
    return size > 0
