"""Faces in whole pictures, found by the 256 pixel BlazeFace of Google's MediaPipe.

Apache License 2.0; Bazarevsky and others, 2019. A package of the extra train carries it. How good
it is, beside others: models/README.md.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.attributes.blaze_face import BlazeFace

#: Least probability of a face: with less, over one in twenty photos without people has a face.
SURE: Final = 0.62
#: As many are found at most, the surest.
MAX_FACES: Final = 64
#: Side of a face as people cut it out for its expression, as a multiple of the detector's box, and
#: how far down its middle lies from the box's, as a share of the box.
FRAME: Final = 1.22
FRAME_DOWN: Final = -0.09

#: left, top, right, bottom in pixels: float64[n, 4].
Boxes = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FoundFace:
    """A face in a picture.

    Attributes:
        box: left, top, right, bottom as shares of the picture's width and height, 0 to 1.
        sure: how sure it is that this is a face, 0 to 1.
    """

    box: tuple[float, float, float, float]
    sure: float


class FaceFinder:
    """Finds faces from about a tenth of a picture's longer side on.

    Safe to call from several threads.
    """

    def __init__(self, detector: BlazeFace) -> None:
        self._detector = detector

    def find(self, image: Image.Image) -> tuple[list[FoundFace], Boxes]:
        """The faces in an RGB picture of any size, the largest first, and their boxes in pixels."""
        boxes, chances = self._detector.propose(image, least=SURE)
        surest = np.argsort(-chances, kind="stable")[:MAX_FACES]
        sizes = np.prod(boxes[surest, 2:] - boxes[surest, :2], axis=1)
        kept = surest[np.argsort(-sizes, kind="stable")]
        shares = np.clip(boxes[kept] / np.array(image.size * 2, np.float64), 0.0, 1.0)
        faces = [
            FoundFace((left, top, right, bottom), sure)
            for (left, top, right, bottom), sure in zip(
                shares.tolist(), chances[kept].tolist(), strict=True
            )
        ]
        return faces, boxes[kept]


def cut_out(image: Image.Image, boxes: Boxes, side: int) -> NDArray[np.uint8]:
    """The faces as grey squares, with as much around them as people leave.

    Returns:
        uint8[n, side, side]; beyond the picture's edge it is black.
    """
    grey = image.convert("L")
    return (
        np.stack([_square(grey, box, side) for box in boxes])
        if len(boxes)
        else (np.empty((0, side, side), np.uint8))
    )


def _square(grey: Image.Image, box: NDArray[np.float64], side: int) -> NDArray[np.uint8]:
    left, top, right, bottom = box
    half = FRAME * max(right - left, bottom - top) / 2
    across, down = (left + right) / 2, (top + bottom) / 2 + FRAME_DOWN * (bottom - top)
    # Cut at whole pixels, so that a large face is averaged and not sampled when made small.
    left, top = round(across - half), round(down - half)
    size = max(round(2 * half), 1)
    piece = grey.crop((left, top, left + size, top + size))
    return np.asarray(piece.resize((side, side), Image.Resampling.BILINEAR), np.uint8)
