"""The head as it serves: NumPy only, from the arrays that the trainer wrote."""

import zipfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.distribution import BINS, EDGES
from models.encoding import Encoding
from models.features import FEATURES_VERSION, Features, Hidable, PostFacts, lacks, without
from models.support import OF_THE_POST, SET_ASIDE, SOURCES, Source
from storage.errors import ExpectedError

FILE = "head.npz"
GROUPS = ("embedding", "title", "text", "metadata")

#: Percentile in the middle of each bin.
_MIDDLES = EDGES[:-1] + 0.5 / BINS

Floats = NDArray[np.float32]


class HeadUnusable(ExpectedError):
    """The head on disk cannot serve; the message says what to do."""


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows of probabilities from rows of logits."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    normalised: NDArray[np.float64] = powers / powers.sum(axis=-1, keepdims=True)
    return normalised


@dataclass(frozen=True, slots=True)
class Member:
    """One network: a rectified hidden layer per group, joined, to ten logits.

    ``hidden`` holds kernel [width, units] and bias [units] of each group in the order of
    `GROUPS`, ``out`` those of the last layer [sum of units, 10].
    """

    hidden: tuple[tuple[Floats, Floats], ...]
    out: tuple[Floats, Floats]

    def logits(self, encoded: Mapping[str, Floats]) -> NDArray[np.float64]:
        """Logits of ``n`` encoded posts, float64 [n, 10]."""
        layers = [
            np.maximum(encoded[group] @ kernel + bias, 0)
            for group, (kernel, bias) in zip(GROUPS, self.hidden, strict=True)
        ]
        kernel, bias = self.out
        out: NDArray[np.float64] = (np.concatenate(layers, axis=1) @ kernel + bias).astype(
            np.float64
        )
        return out

    def times(self, factor: float) -> "Member":
        """The member whose logits are ``factor`` times as large."""
        kernel, bias = self.out
        scale = np.float32(factor)
        return Member(self.hidden, (kernel * scale, bias * scale))

    def embedding_jacobian(self, encoded: Floats) -> NDArray[np.float64]:
        """The derivative of the logits by the encoded embedding: float64 [n, 10, width]."""
        kernel, bias = self.hidden[0]
        active = (encoded @ kernel + bias > 0).astype(np.float64)
        out = self.out[0][: kernel.shape[1]]
        slopes: NDArray[np.float64] = np.einsum("nu,uk,wu->nkw", active, out, kernel)
        return slopes


def _together(members: Sequence[Member]) -> Member | None:
    """One member whose logits are the mean of those of all; None where there is none."""
    if not members:
        return None
    hidden, out = [], []
    for number in range(len(GROUPS)):
        layers = [member.hidden[number] for member in members]
        hidden.append(
            (
                np.concatenate([kernel for kernel, _ in layers], axis=1),
                np.concatenate([bias for _, bias in layers]),
            )
        )
        for member in members:
            start = sum(kernel.shape[1] for kernel, _ in member.hidden[:number])
            units = member.hidden[number][0].shape[1]
            out.append(member.out[0][start : start + units])
    share = np.float32(1 / len(members))
    kernel, bias = np.concatenate(out), np.sum([member.out[1] for member in members], axis=0)
    return Member(tuple(hidden), (kernel * share, bias * share))


@dataclass(frozen=True, slots=True)
class Head:
    """Embedding + facts → a calibrated distribution over the percentile.

    A head is an encoding, some **members** (a linear part, and the same network from different
    seeds), whose logits are averaged, and a temperature that the logits are divided by. Without
    members it knows nothing and gives every bin the same probability.
    """

    encoding: Encoding | None
    members: tuple[Member, ...]
    temperature: float = 1.0
    #: All members as one whose logits are their mean: what serving asks, in a few large products.
    _together: Member | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Put the members together."""
        object.__setattr__(self, "_together", _together(self.members))

    @classmethod
    def uniform(cls) -> "Head":
        """The head before any training: every bin has the same probability."""
        return cls(None, ())

    def at_temperature(self, temperature: float) -> "Head":
        """The same head, calibrated."""
        return replace(self, temperature=temperature)

    def predict(
        self,
        embedding: NDArray[np.float32],
        facts: Sequence[PostFacts],
        *,
        hide: Collection[Hidable] = (),
    ) -> NDArray[np.float64]:
        """Distributions over the percentile.

        Args:
            embedding: float32 [n, 1280].
            facts: of the same ``n`` posts.
            hide: sources that the head is not to look at, as if they were missing.

        Returns:
            float64 [n, 10], the probabilities of the ten equal-frequency bins, lowest first.
        """
        shown = [without(each, hide) for each in facts] if hide else facts
        return self.predict_groups(self._groups(embedding, shown))

    def predict_with_support(
        self,
        embedding: NDArray[np.float32],
        facts: Sequence[PostFacts],
        *,
        hide: Collection[Hidable] = (),
    ) -> tuple[NDArray[np.float64], list[tuple[Source, ...]]]:
        """As `predict`, and what the head set aside of each post.

        A source is set aside where the post is unlike all that the head was fitted on; the
        prediction then comes from what remains. A source that was hidden, one that the post has
        nothing of, one that the head never learned anything from, and the community's pace are not
        named.
        """
        shown = [without(each, hide) for each in facts] if hide else facts
        groups = self._groups(embedding, shown)
        if self.encoding is None:
            return self.predict_groups(groups), [()] * len(facts)
        encoded, trust = self.encoding.with_trust(groups)
        bins = softmax(self.encoded_logits(encoded) / self.temperature)
        aside = trust < SET_ASIDE
        if not aside.any():
            return bins, [()] * len(facts)
        aside &= self.encoding.used
        return bins, [
            tuple(
                source
                for source, is_ in zip(SOURCES, row, strict=True)
                if is_ and source in OF_THE_POST and not lacks(each, source)
            )
            for row, each in zip(aside.tolist(), shown, strict=True)
        ]

    def predict_groups(self, groups: Mapping[str, NDArray[Any]]) -> NDArray[np.float64]:
        """As `predict`, from the groups (`GROUPS`), each [n, its width]."""
        return softmax(self.logits(groups) / self.temperature)

    def logits(self, groups: Mapping[str, NDArray[Any]]) -> NDArray[np.float64]:
        """Mean logits of the members before calibration, float64 [n, 10]."""
        if self.encoding is None:
            return np.zeros((len(groups["embedding"]), BINS))
        return self.encoded_logits(self.encoding(groups))

    def encoded_logits(self, encoded: Mapping[str, Floats]) -> NDArray[np.float64]:
        """As `logits`, from groups that the head's own encoding has already been through."""
        if self._together is None:
            return np.zeros((len(encoded["embedding"]), BINS))
        return self._together.logits(encoded)

    def percentile_gradient(
        self, embedding: NDArray[np.float32], facts: Sequence[PostFacts]
    ) -> NDArray[np.float64]:
        """The derivative of the mean percentile by the embedding: float64 [n, 1280]."""
        if self.encoding is None:
            return np.zeros(embedding.shape)
        groups = self._groups(embedding, facts)
        bins = self.predict_groups(groups)
        encoded_groups, trust = self.encoding.with_trust(groups)
        encoded = encoded_groups["embedding"]
        jacobian = sum(
            (member.embedding_jacobian(encoded) for member in self.members),
            np.zeros((len(bins), BINS, encoded.shape[1])),
        ) / (len(self.members) * self.temperature)
        centred = bins * (_MIDDLES - (bins @ _MIDDLES)[:, None])
        slopes = np.einsum("nk,nkw->nw", centred, jacobian)
        projection = self.encoding.embedding
        found = projection.directions(groups["embedding"])
        # Beyond the range of the training posts the prediction stays as it is.
        moves = (found > projection.low) & (found < projection.high)
        slopes *= moves * projection.gain * trust[:, [SOURCES.index("image")]]
        gradient: NDArray[np.float64] = slopes @ projection.basis.T.astype(float)
        return gradient

    def save(self, folder: Path) -> None:
        """Write `FILE` into ``folder``."""
        arrays: dict[str, Any] = {
            "features_version": np.array(FEATURES_VERSION),
            "members": np.array(len(self.members)),
            "temperature": np.array(self.temperature),
        }
        if self.encoding is not None:
            arrays |= self.encoding.arrays()
        for number, member in enumerate(self.members):
            for name, (kernel, bias) in zip(
                (*GROUPS, "out"), (*member.hidden, member.out), strict=True
            ):
                arrays[f"{number}/{name}/kernel"] = kernel
                arrays[f"{number}/{name}/bias"] = bias
        np.savez(folder / FILE, **arrays)

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
            version = int(arrays["features_version"])
            if version != FEATURES_VERSION:
                raise HeadUnusable(
                    f"{path} was made for features {version}, this program computes "
                    f"{FEATURES_VERSION}; train again."
                )
            return cls._of_arrays(arrays)
        except (OSError, ValueError, LookupError, EOFError, zipfile.BadZipFile) as error:
            raise HeadUnusable(f"{path} cannot be read ({error}); train again.") from error

    @classmethod
    def _of_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "Head":
        def layer(number: int, name: str) -> tuple[Floats, Floats]:
            return arrays[f"{number}/{name}/kernel"], arrays[f"{number}/{name}/bias"]

        count = int(arrays["members"])
        return cls(
            Encoding.of_arrays(arrays) if count else None,
            tuple(
                Member(tuple(layer(number, group) for group in GROUPS), layer(number, "out"))
                for number in range(count)
            ),
            float(arrays["temperature"]),
        )

    def _groups(
        self, embedding: NDArray[np.float32], facts: Sequence[PostFacts]
    ) -> dict[str, NDArray[np.float32]]:
        return {"embedding": embedding, **Features().of(facts)}
