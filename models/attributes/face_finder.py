"""Faces in whole pictures: proposed by a detector, looked at again by a small network of ours.

The detector is the 256 pixel BlazeFace of Google's MediaPipe (Apache License 2.0; Bazarevsky and
others, 2019), which a package of the extra train carries. How good both are: models/README.md.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.attributes.blaze_face import BlazeFace
from models.attributes.face_network import FaceNetwork

#: Least probability of a face, by both.
SURE: Final = 0.5
#: What the detector says counts as often as this beside the verifier, which learned from faces that
#: look into the camera and doubts others.
_DETECTOR_COUNTS: Final = 2
#: A box that shares more of its area than this with a surer one is a part of the same face.
_SAME_FACE: Final = 0.4
#: Least probability by the detector of what is looked at again.
PROPOSED: Final = 0.1
#: Side of what is looked at again, as a multiple of the detector's box: no more than the face, so
#: that where it was cut from tells nothing.
VERIFIED_FRAME: Final = 1.0
#: No network is surer than this that there is no face, or that there is one.
_LEAST: Final = 1e-6
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

    Args:
        detector: proposes places.
        verifier: tells squares that are no face (0) from faces (1).
    """

    def __init__(self, detector: BlazeFace, verifier: FaceNetwork) -> None:
        self._detector = detector
        self._verifier = verifier

    def find(self, image: Image.Image, *, least: float = SURE) -> tuple[list[FoundFace], Boxes]:
        """The faces in an RGB picture of any size, the largest first, and their boxes in pixels.

        Args:
            image: RGB.
            least: probability under which a proposal is no face, 0 to 1.
        """
        boxes, proposed = self._detector.propose(image, least=PROPOSED)
        surest = np.argsort(-proposed, kind="stable")[:MAX_FACES]
        boxes = boxes[surest]
        squares = cut_out(image, boxes, self._verifier.side, frame=VERIFIED_FRAME)
        chances = _both(self._verifier.tell(squares)[:, 1], proposed[surest])
        faces = _one_each(boxes, chances, np.flatnonzero(chances >= least))
        sizes = np.prod(boxes[faces, 2:] - boxes[faces, :2], axis=1)
        kept = faces[np.argsort(-sizes, kind="stable")]
        shares = np.clip(boxes[kept] / np.array(image.size * 2, np.float64), 0.0, 1.0)
        found = [
            FoundFace((left, top, right, bottom), sure)
            for (left, top, right, bottom), sure in zip(
                shares.tolist(), chances[kept].tolist(), strict=True
            )
        ]
        return found, boxes[kept]


def _both(verifier: NDArray[np.floating], detector: NDArray[np.floating]) -> NDArray[np.float64]:
    """The probability by two networks that judge apart: their odds, multiplied."""
    first, second = (
        np.clip(said.astype(np.float64), _LEAST, 1 - _LEAST) for said in (verifier, detector)
    )
    odds = first / (1 - first) * (second / (1 - second)) ** _DETECTOR_COUNTS
    found: NDArray[np.float64] = odds / (1 + odds)
    return found


def _one_each(
    boxes: Boxes, chances: NDArray[np.float64], rows: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Of the rows those that are no part of a surer one, the surest first."""
    left = rows[np.argsort(-chances[rows], kind="stable")]
    kept = []
    while len(left):
        kept.append(left[0])
        best, left = boxes[left[0]], left[1:]
        others = boxes[left]
        sides = np.minimum(best[2:], others[:, 2:]) - np.maximum(best[:2], others[:, :2])
        shared = np.clip(sides, 0, None).prod(axis=1)
        areas = (others[:, 2:] - others[:, :2]).prod(axis=1)
        left = left[shared <= _SAME_FACE * np.minimum(areas, (best[2:] - best[:2]).prod())]
    return np.array(kept, np.int64)


def cut_out(
    image: Image.Image, boxes: Boxes, side: int, *, frame: float = FRAME
) -> NDArray[np.uint8]:
    """The faces as grey squares, with as much around them as people leave.

    Args:
        image: RGB.
        boxes: of the detector.
        side: of the squares, pixels.
        frame: side of what is cut out, as a multiple of the box.

    Returns:
        uint8[n, side, side]; beyond the picture's edge it is black.
    """
    if not len(boxes):
        return np.empty((0, side, side), np.uint8)
    return np.stack([_square(image, box, side, frame) for box in boxes])


def _square(
    image: Image.Image, box: NDArray[np.float64], side: int, frame: float
) -> NDArray[np.uint8]:
    left, top, right, bottom = box
    half = frame * max(right - left, bottom - top) / 2
    across, down = (left + right) / 2, (top + bottom) / 2 + FRAME_DOWN * (bottom - top)
    # Cut at whole pixels, so that a large face is averaged and not sampled when made small.
    left, top = round(across - half), round(down - half)
    size = max(round(2 * half), 1)
    piece = image.crop((left, top, left + size, top + size)).convert("L")
    return np.asarray(piece.resize((side, side), Image.Resampling.BILINEAR), np.uint8)
