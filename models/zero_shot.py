"""What a picture shows, by texts that an encoder such as CLIP finds near it. Nothing is trained."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from models.clip_text import TextEncoder

Floats = NDArray[np.float32]

#: What may be in a picture, and the text that is compared with it.
TAGS = {
    "cat": "a photo of a cat",
    "dog": "a photo of a dog",
    "other animal": "a photo of a wild animal",
    "person": "a photo of a person",
    "crowd": "a photo of many people",
    "food": "a photo of food",
    "landscape": "a photo of a landscape",
    "vehicle": "a photo of a car",
    "building": "a photo of a building",
    "drawing": "a drawing",
    "cartoon": "a frame of a cartoon",
    "game": "a screenshot of a video game",
    "screenshot of text": "a screenshot of a chat or a tweet",
    "meme": "a meme with text on top and bottom",
    "comic": "a comic strip with panels",
    "chart": "a chart or a diagram",
}
#: Cosines are multiplied by this, as CLIP learned them to be.
_SHARPNESS = 100.0


@dataclass(frozen=True, slots=True)
class TagVectors:
    """The tags' texts as vectors.

    Attributes:
        names: of the tags.
        vectors: float32 [tags, d], each of length one.
    """

    names: tuple[str, ...]
    vectors: Floats

    @classmethod
    def of(cls, encoder: TextEncoder) -> Self:
        """Embed the tags' texts."""
        return cls(tuple(TAGS), encoder.embed(list(TAGS.values())))

    def tell(self, picture: Floats) -> dict[str, float]:
        """How probable each tag is among all, the likeliest first; they add up to 1."""
        cosines = self.vectors @ picture / max(float(np.linalg.norm(picture)), 1e-12)
        shares = np.exp(_SHARPNESS * (cosines - cosines.max()))
        shares /= shares.sum()
        order = np.argsort(-shares, kind="stable")
        return {self.names[row]: float(shares[row]) for row in order}

    def save(self, path: Path) -> None:
        """Write them."""
        np.savez_compressed(path, names=np.array(self.names), vectors=self.vectors)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Back from `save`.

        Raises:
            OSError, ValueError, KeyError: the file is missing or damaged.
        """
        with np.load(path) as found:
            return cls(tuple(map(str, found["names"])), found["vectors"].astype(np.float32))
