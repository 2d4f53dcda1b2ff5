"""What becomes of an image in a batch. These travel between machines: plain values only."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from models.attributes.read import Attributes
from models.backbone import Backbone
from models.ocr import ReadText

#: What is done with the images of a batch.
Work: TypeAlias = Literal["embed", "read_attributes", "read_text"]

#: Why a node refuses what it lacks an extra for: it says nothing of the image.
NOT_INSTALLED: Final = "not_installed"


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


#: Of one image: an embedding, its attributes, its text, or why there is none of them.
Outcome: TypeAlias = Embedded | Attributes | ReadText | Refused | Quarantined


class ImageBatches(Protocol):
    """Where batches of images are worked on: this process, or a cluster."""

    @property
    def at_once(self) -> int:
        """Batches that may be under way at the same time; one more waits."""

    async def embed(self, batch: Sequence[bytes], backbone: Backbone) -> list[Outcome]:
        """Decode and embed images; an outcome for each, in their order."""


class FarReading(Protocol):
    """Where images are read by other machines, while there are any."""

    @property
    def at_once(self) -> int:
        """Batches that may be under way at the same time; one more waits."""

    async def read(
        self, work: Work, batch: Sequence[Any], backbone: Backbone
    ) -> Sequence[Outcome] | None:
        """An outcome for each image, in their order; None: nobody is there now.

        Args:
            work: what is done.
            batch: what each image is sent as: for ``read_attributes`` its bytes and its embedding
                as it is stored, else its bytes.
            backbone: that the nodes are given.
        """
