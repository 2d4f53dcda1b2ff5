"""The genres that a community has of its own, told from a picture's embedding."""

import hashlib
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from tokenize import TokenError
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from models.attributes.genre import GenreHeadUnusable

#: Least probability of one of these genres that is named; below it what Peoria came with is said.
NAMED: Final = 0.5


@dataclass(frozen=True, slots=True)
class OwnGenreHead:
    """Tells each of a community's own genres from everything else.

    Attributes:
        names: of the genres, as the community calls them.
        weights: float32[width, genres].
        bias: float32[genres].
        backbone: fingerprint of the backbone whose embeddings it reads.
        fingerprint: SHA-256 of its file.
    """

    names: tuple[str, ...]
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    backbone: str
    fingerprint: str

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a head that `save` wrote.

        Raises:
            GenreHeadUnusable: the file is missing or damaged.
        """
        try:
            content = path.read_bytes()
            with np.load(path, allow_pickle=False) as file:
                names = tuple(map(str, file["names"]))
                weights = file["weights"].astype(np.float32)
                bias = file["bias"].astype(np.float32)
                backbone = str(file["backbone"])
        except (
            OSError, ValueError, KeyError, EOFError, NotImplementedError, zipfile.BadZipFile,
            zlib.error, TokenError,
        ) as error:  # fmt: skip
            raise GenreHeadUnusable(f"The genre head {path} cannot be read: {error}") from error
        if weights.ndim != 2 or weights.shape[1] != len(names) or bias.shape != (len(names),):
            raise GenreHeadUnusable(f"The genre head {path} is not one for {len(names)} genres.")
        return cls(names, weights, bias, backbone, hashlib.sha256(content).hexdigest())

    def save(self, path: Path) -> None:
        """Write it as one .npz file."""
        np.savez_compressed(
            path, names=np.array(self.names), weights=self.weights, bias=self.bias,
            backbone=np.array(self.backbone),
        )  # fmt: skip

    def with_none(self, embeddings: NDArray[np.float32]) -> NDArray[np.float64]:
        """Probability of each genre, and last that it is none of them: float64[n, genres + 1]."""
        logits = (embeddings @ self.weights + self.bias).astype(np.float64)
        whole = np.column_stack([logits, np.zeros(len(logits))])
        powers = np.exp(whole - whole.max(axis=1, keepdims=True))
        found: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
        return found

    def tell(self, embeddings: NDArray[np.float32]) -> list[str | None]:
        """The genre of each picture; None: none of these is sure."""
        chances = self.with_none(embeddings)[:, :-1]
        return [self.names[int(row.argmax())] if row.max() >= NAMED else None for row in chances]
