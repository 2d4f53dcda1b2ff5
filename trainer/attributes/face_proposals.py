"""What the detector takes for a face in photos of the corpus, cut out: true ones and false ones.

    python -m trainer.attributes.face_proposals --faces FACES --corpus CORPUS --out FILE.npz

Only photos and people of the part to learn from are used. A proposal is a face if it fits the one
that was pasted in, none if it hardly touches it; what lies between is left out. Photos of things
without people add what is none.
"""

import argparse
import csv
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.attributes.blaze_face import BlazeFace, overlap
from models.attributes.face_finder import PROPOSED, VERIFIED_FRAME, cut_out
from models.attributes.files import face_detector
from trainer.attributes.pasted_faces import is_part, paste_faces

#: A proposal that shares more of its area with the face is one, one that shares less than the
#: other is none.
_FACE, _NONE = 0.3, 0.05
#: So many that are none are kept of a photo at most, those that the detector is surest of.
_HARDEST = 3
#: Side of the squares that are kept, pixels.
SIDE = 32
#: Photos of one thing each; those of faces are left out.
_THINGS, _FACES_OF_THINGS = "caltech101", ("Faces", "Faces_easy", "buddha", "BACKGROUND_Google")
#: Photos are enlarged up to this much, so that what is small is learned, too.
_ENLARGED = 3.0


@dataclass(frozen=True, slots=True)
class Proposals:
    """Squares that the detector proposed.

    Attributes:
        grey: uint8[n, 32, 32].
        is_face: int64[n], 1 or 0.
        chances: float32[n], what the detector says.
        photo: int64[n], which photo each is of.
    """

    grey: NDArray[np.uint8]
    is_face: NDArray[np.int64]
    chances: NDArray[np.float32]
    photo: NDArray[np.int64]

    def save(self, path: Path) -> None:
        """Write them as one .npz file."""
        np.savez_compressed(
            path, grey=self.grey, is_face=self.is_face, chances=self.chances, photo=self.photo
        )

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote."""
        with np.load(path) as file:
            return cls(file["grey"], file["is_face"], file["chances"], file["photo"])


def _things(corpus: Path) -> Iterator[Path]:
    with (corpus / "index.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            collection, kind = row["path"].split("/")[0], row["source_path"].split("/")[-2:][0]
            if (
                collection == _THINGS
                and kind not in _FACES_OF_THINGS
                and is_part(row["path"], "learn")
            ):
                yield corpus / row["path"]


def propose(faces: Path, corpus: Path, *, pasted: int, things: int, seed: int) -> Proposals:
    """Cut out what the detector proposes.

    Args:
        faces: a folder with index.csv.
        corpus: a folder with index.csv.
        pasted: how many photos a face is pasted into.
        things: how many photos of things are looked at.
        seed: of the draw.

    Raises:
        SystemExit: the detector is not installed.
    """
    content = face_detector()
    if content is None:
        raise SystemExit("The extra train is not installed: `make install EXTRAS=train` does it.")
    detector = BlazeFace(content)
    squares, truths, chances, photos = [], [], [], []

    def keep(image: Image.Image, box: tuple[int, int, int, int] | None, photo: int) -> None:
        boxes, sure = detector.propose(image, least=PROPOSED)
        shared = np.zeros(len(boxes)) if box is None else overlap(np.array(box, np.float64), boxes)
        none = np.flatnonzero(shared < _NONE)
        hardest = none[np.argsort(-sure[none], kind="stable")[:_HARDEST]]
        rows = np.concatenate([np.flatnonzero(shared > _FACE), hardest])
        if len(rows):
            squares.append(cut_out(image, boxes[rows], SIDE, frame=VERIFIED_FRAME))
            truths.append(shared[rows] > _FACE)
            chances.append(sure[rows])
            photos.append(np.full(len(rows), photo))

    number = 0
    for each in paste_faces(faces, corpus, count=pasted, seed=seed, part="learn"):
        keep(each.picture, each.box, number)
        keep(each.photo, None, number)
        number += 1
    random = np.random.default_rng(seed)
    paths = list(_things(corpus))
    for path in random.permutation(np.array(paths, object))[:things]:
        with Image.open(path) as file:
            image = file.convert("RGB")
        scale = random.uniform(1, _ENLARGED)
        keep(image.resize((round(image.width * scale), round(image.height * scale))), None, number)
        number += 1
    return Proposals(
        np.concatenate(squares),
        np.concatenate(truths).astype(np.int64),
        np.concatenate(chances).astype(np.float32),
        np.concatenate(photos).astype(np.int64),
    )


def main(arguments: Sequence[str]) -> int:
    """Write the proposals."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--faces", type=Path, required=True)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--pasted", type=int, default=5_000)
    parser.add_argument("--things", type=int, default=1_500)
    parser.add_argument("--seed", type=int, default=11)
    options = parser.parse_args(arguments)
    found = propose(
        options.faces, options.corpus, pasted=options.pasted, things=options.things,
        seed=options.seed,
    )  # fmt: skip
    found.save(options.out)
    faces = int(found.is_face.sum())
    sys.stdout.write(f"{faces} faces, {len(found.is_face) - faces} that are none\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
