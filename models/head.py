"""The head as it serves: NumPy only, from the arrays that the trainer wrote."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.distribution import BINS
from models.features import FEATURES_VERSION, Features, PostFacts

FILE = "head.npz"
GROUPS = ("embedding", "text", "metadata")

Floats = NDArray[np.float32]


class HeadUnusable(Exception):
    """The head on disk cannot serve; the message says what to do."""


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows of probabilities from rows of logits."""
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    normalised: NDArray[np.float64] = shifted / shifted.sum(axis=1, keepdims=True)
    return normalised


class Head:
    """Embedding + facts → a calibrated distribution over the percentile.

    A head is one or more **members** (the same network from different seeds), whose logits are
    averaged, and one temperature. A member standardises each group, maps it to a hidden layer
    (dense, rectified), joins the hidden layers and maps them to ten logits.
    """

    def __init__(self, arrays: Mapping[str, NDArray[np.float32]]) -> None:
        """Take the arrays of `save`."""
        self.arrays = dict(arrays)
        self.members = int(self.arrays["members"])
        self.temperature = float(self.arrays["temperature"])
        self._features = Features()

    @classmethod
    def uniform(cls) -> "Head":
        """What is said before anything was learned: every tenth of the scale alike."""
        return cls({"members": np.array(0, np.float32), "temperature": np.array(1, np.float32)})

    @classmethod
    def load(cls, folder: Path) -> "Head":
        """Read the head of a model version.

        Raises:
            HeadUnusable: it is missing, damaged, or made for other features.
        """
        path = folder / FILE
        try:
            with np.load(path, allow_pickle=False) as stored:
                arrays = {name: stored[name] for name in stored.files}
            version = json.loads(str(arrays.pop("features_version")))
        except (OSError, ValueError, KeyError, EOFError) as error:
            raise HeadUnusable(f"{path} cannot be read ({error}); train again.") from error
        if version != FEATURES_VERSION:
            raise HeadUnusable(
                f"{path} was made for features {version}, this program computes "
                f"{FEATURES_VERSION}; train again."
            )
        return cls(arrays)

    def at_temperature(self, temperature: float) -> "Head":
        """The same head, calibrated: logits are divided by ``temperature``."""
        return Head(self.arrays | {"temperature": np.array(temperature, np.float32)})

    def save(self, folder: Path) -> None:
        """Write `FILE` into ``folder``."""
        arrays: dict[str, Any] = {**self.arrays, "features_version": np.array(FEATURES_VERSION)}
        np.savez(folder / FILE, **arrays)

    def predict(
        self, embedding: NDArray[np.float32], facts: Sequence[PostFacts]
    ) -> NDArray[np.float64]:
        """Distributions over the percentile.

        Args:
            embedding: float32 [n, 1280].
            facts: of the same ``n`` posts.

        Returns:
            float64 [n, 10], the probabilities of the ten equal-frequency bins, lowest first.
        """
        return self.predict_groups({"embedding": embedding, **self._features.of(facts)})

    def predict_groups(self, groups: Mapping[str, NDArray[np.float32]]) -> NDArray[np.float64]:
        """As `predict`, from the three groups (`GROUPS`), each float32 [n, its width]."""
        return softmax(self.logits(groups) / self.temperature)

    def logits(self, groups: Mapping[str, NDArray[np.float32]]) -> NDArray[np.float64]:
        """Mean logits of the members before calibration, float64 [n, 10]."""
        n = len(groups["embedding"])
        total = np.zeros((n, BINS), np.float64)
        for member in range(self.members):
            total += self._member_logits(member, groups)
        return total / max(self.members, 1)

    def _member_logits(
        self, member: int, groups: Mapping[str, NDArray[np.float32]]
    ) -> NDArray[np.float64]:
        a = self.arrays
        hidden = []
        for group in GROUPS:
            if f"{member}/{group}/kernel" not in a:
                continue
            x = (groups[group].astype(np.float32) - a[f"{group}/mean"]) / a[f"{group}/scale"]
            dense = x @ a[f"{member}/{group}/kernel"] + a[f"{member}/{group}/bias"]
            hidden.append(np.maximum(dense, 0))
        joined = np.concatenate(hidden, axis=1)
        out = joined @ a[f"{member}/out/kernel"] + a[f"{member}/out/bias"]
        return out.astype(np.float64)
