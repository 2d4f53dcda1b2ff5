"""Faces in whole pictures: two networks judge together, and a face is found once."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.attributes.face_finder import FaceFinder


class _Detector:
    """Proposes what it is told, and keeps what it was asked for."""

    def __init__(self, boxes: list[list[float]], chances: list[float]) -> None:
        self._found = np.array(boxes, np.float64).reshape(-1, 4), np.array(chances, np.float64)

    def propose(self, image: Image.Image, *, least: float) -> Any:
        kept = self._found[1] >= least
        return self._found[0][kept], self._found[1][kept]


class _Verifier:
    """Takes bright squares for faces."""

    side = 8

    def tell(self, squares: NDArray[np.uint8]) -> NDArray[np.float32]:
        bright = squares.mean(axis=(1, 2), keepdims=False) / 255
        return np.stack([1 - bright, bright], axis=1).astype(np.float32)


def _picture() -> Image.Image:
    """Dark, with a bright square at 100 to 180 and a grey one at 10 to 50."""
    picture = Image.new("RGB", (200, 200), (10, 10, 10))
    picture.paste((250, 250, 250), (100, 100, 180, 180))
    picture.paste((128, 128, 128), (10, 10, 50, 50))
    return picture


def _find(boxes: list[list[float]], chances: list[float]) -> list[tuple[float, ...]]:
    finder = FaceFinder(_Detector(boxes, chances), _Verifier())  # type: ignore[arg-type]
    _, found = finder.find(_picture())
    return [tuple(each) for each in found.tolist()]


def test_what_the_detector_doubts_is_a_face_if_the_verifier_is_sure() -> None:
    assert _find([[105, 105, 175, 175]], [0.2]) == [(105, 105, 175, 175)]
    assert _find([[15, 15, 45, 45]], [0.2]) == []


def test_what_the_verifier_doubts_is_a_face_if_the_detector_is_sure() -> None:
    assert _find([[15, 15, 45, 45]], [0.9]) == [(15, 15, 45, 45)]
    assert _find([[60, 15, 90, 45]], [0.6]) == []


def test_a_part_of_a_face_is_no_second_one() -> None:
    face, eye = [102.0, 102.0, 178.0, 178.0], [105.0, 105.0, 135.0, 135.0]
    assert _find([eye, face], [0.5, 0.8]) == [tuple(face)]


def test_faces_side_by_side_are_two_the_larger_first() -> None:
    left, right = [100.0, 110.0, 138.0, 170.0], [138.0, 105.0, 179.0, 175.0]
    assert _find([left, right], [0.8, 0.7]) == [tuple(right), tuple(left)]


def test_a_picture_without_a_proposal_has_no_face() -> None:
    assert _find([], []) == []
