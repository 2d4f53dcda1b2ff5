"""BlazeFace as MediaPipe trained it, served by LiteRT: where faces may be in a picture.

How its output is read follows MediaPipe's own calculators (ssd_anchors, tensors_to_detections,
non_max_suppression): a box for each anchor of two grids, boxes that overlap averaged by weight.
"""

import threading
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

#: Side of the square that it reads, pixels.
SIDE: Final = 256
#: Pixels between anchors, and anchors at each place, of each grid.
GRIDS: Final = ((16, 2), (32, 6))
#: Boxes that share more of their area than this are one face.
_OVERLAP: Final = 0.3


class BlazeFace:
    """Proposes faces. Safe to call from several threads: each gets an interpreter of its own."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._local = threading.local()
        self._anchors = np.concatenate([_anchors(*grid) for grid in GRIDS])

    def propose(
        self, image: Image.Image, *, least: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Where faces may be.

        Args:
            image: RGB, of any size.
            least: probability under which a place is left out, 0 to 1.

        Returns:
            Boxes in pixels of the picture, float64[n, 4] (left, top, right, bottom), and their
            probabilities, float64[n].
        """
        scale = SIDE / max(image.size)
        width, height = (max(1, round(side * scale)) for side in image.size)
        square = Image.new("RGB", (SIDE, SIDE))
        corner = ((SIDE - width) // 2, (SIDE - height) // 2)
        square.paste(image.resize((width, height), Image.Resampling.BILINEAR), corner)
        raw, logits = self._run(np.asarray(square, np.float32) / np.float32(127.5) - 1)
        rows = np.flatnonzero(logits > np.log(least / (1 - least)))
        middle = raw[rows, :2] / SIDE + self._anchors[rows]
        half = raw[rows, 2:4] / SIDE / 2
        boxes = np.concatenate([middle - half, middle + half], axis=1).astype(np.float64)
        boxes, chances = _merged(boxes, 1 / (1 + np.exp(-logits[rows].astype(np.float64))))
        return (boxes * SIDE - np.array(corner * 2)) / scale, chances

    def _run(self, square: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        interpreter = getattr(self._local, "ready", None)
        if interpreter is None:
            interpreter = self._local.ready = _load(self._content)
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], square[np.newaxis])
        interpreter.invoke()
        found = {
            each["shape"][-1]: interpreter.get_tensor(each["index"])[0]
            for each in interpreter.get_output_details()
        }
        return found[16], found[1][:, 0]


def _load(content: bytes) -> Any:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=content, num_threads=1)
    interpreter.allocate_tensors()
    return interpreter


def _anchors(step: int, each: int) -> NDArray[np.float64]:
    places = (np.arange(SIDE // step) + 0.5) * step / SIDE
    across, down = np.meshgrid(places, places)
    return np.stack([across.ravel(), down.ravel()], axis=1).repeat(each, axis=0)


def _merged(
    boxes: NDArray[np.float64], chances: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Each group of overlapping boxes as their mean by weight, with its best probability."""
    left = np.argsort(-chances, kind="stable")
    merged, best = [], []
    while len(left):
        same = overlap(boxes[left[0]], boxes[left]) > _OVERLAP
        same[0] = True
        weights = chances[left[same]]
        merged.append(weights @ boxes[left[same]] / weights.sum())
        best.append(chances[left[0]])
        left = left[~same]
    return np.array(merged).reshape(-1, 4), np.array(best, np.float64)


def overlap(box: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    """The area that a box shares with each of others, as a share of what both cover."""
    sides = np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])
    shared = np.clip(sides, 0, None).prod(axis=1)
    both = (box[2:] - box[:2]).prod() + (others[:, 2:] - others[:, :2]).prod(axis=1)
    found: NDArray[np.float64] = shared / np.maximum(both - shared, 1e-9)
    return found
