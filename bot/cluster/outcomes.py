"""What becomes of an image in a batch. These travel between machines: plain values only."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from models.backbone import Backbone

#: What is done with the images of a batch.
Work: TypeAlias = Literal["embed", "read_text"]


@dataclass(frozen=True, slots=True)
class Embedded:
    """An image that was decoded and embedded.

    Attributes:
        embedding: float32[dim], rounded to float16 as it is stored.
        phash: its perceptual hash, 16 hexadecimal digits.
        attributes: `models.attributes.read.Attributes.as_json`.
        blank: whether it holds no picture at all.
    """

    embedding: NDArray[np.float32]
    phash: str
    attributes: dict[str, Any]
    blank: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """An image that cannot be used.

    Attributes:
        reason: stable, for counting (`models.decoding.Reason`).
        sentence: why, for people.
        for_now: it says nothing of the image: a later try may succeed.
    """

    reason: str
    sentence: str
    for_now: bool = False


@dataclass(frozen=True, slots=True)
class Quarantined:
    """An image that ended the process which worked on it, in a batch and then alone."""

    deaths: int


#: Of one image: an embedding, its text, or why there is neither.
Outcome: TypeAlias = Embedded | str | Refused | Quarantined


class ImageBatches(Protocol):
    """Where batches of images are worked on: this process, or a cluster."""

    @property
    def at_once(self) -> int:
        """Batches that may be under way at the same time; one more waits."""

    async def embed(self, batch: Sequence[bytes], backbone: Backbone) -> list[Outcome]:
        """Decode and embed images; an outcome for each, in their order."""
