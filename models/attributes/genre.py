"""Which kind of meme a picture is, told from its embedding."""

import hashlib
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from tokenize import TokenError
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from storage.errors import ExpectedError

#: In the order of the head's output.
GENRES: Final = (
    "experimental", "ironic_surreal", "political", "post_ironic", "rage_comic", "text_post",
    "top_text_bottom_text", "viral_video",
)  # fmt: skip
#: As people read them.
GENRE_NAMES: Final = {
    "experimental": "experimental",
    "ironic_surreal": "ironic or surreal",
    "political": "political",
    "post_ironic": "post-ironic",
    "rage_comic": "rage comic",
    "text_post": "text post",
    "top_text_bottom_text": "top text / bottom text",
    "viral_video": "viral video",
}
#: Least probability of a genre that is named; below it the answer is "not sure".
NAMED: Final = 0.5


class GenreHeadUnusable(ExpectedError):
    """The genre head's file is missing or damaged; the message says which."""


@dataclass(frozen=True, slots=True)
class Genre:
    """What a picture's genre is.

    Attributes:
        name: of GENRES; None: not sure.
        probabilities: of each of GENRES, they add up to 1.
    """

    name: str | None
    probabilities: dict[str, float]


@dataclass(frozen=True, slots=True)
class GenreHead:
    """A calibrated multinomial regression on the embedding.

    Attributes:
        weights: float32[1280, 8].
        bias: float32[8].
        backbone: fingerprint of the backbone whose embeddings it reads.
        fingerprint: SHA-256 of its file.
    """

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
                weights = file["weights"].astype(np.float32)
                bias = file["bias"].astype(np.float32)
                backbone = str(file["backbone"])
        except (
            OSError, ValueError, KeyError, EOFError, NotImplementedError, zipfile.BadZipFile,
            zlib.error, TokenError,
        ) as error:  # fmt: skip
            raise GenreHeadUnusable(f"The genre head {path} cannot be read: {error}") from error
        if weights.shape[1:] != (len(GENRES),) or bias.shape != (len(GENRES),):
            raise GenreHeadUnusable(f"The genre head {path} is not one for {len(GENRES)} genres.")
        return cls(weights, bias, backbone, hashlib.sha256(content).hexdigest())

    def save(self, path: Path) -> None:
        """Write it as one .npz file."""
        np.savez_compressed(
            path, weights=self.weights, bias=self.bias, backbone=np.array(self.backbone)
        )

    def probabilities(self, embeddings: NDArray[np.float32]) -> NDArray[np.float64]:
        """Of each genre: float64[n, 8] for float32[n, 1280]."""
        logits = (embeddings @ self.weights + self.bias).astype(np.float64)
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        found: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
        return found

    def tell(self, embedding: NDArray[np.float32]) -> Genre:
        """The genre of one picture, from its float32[1280]."""
        chances = self.probabilities(embedding[np.newaxis])[0]
        best = int(chances.argmax())
        name = GENRES[best] if chances[best] >= NAMED else None
        return Genre(name, dict(zip(GENRES, map(float, chances), strict=True)))
