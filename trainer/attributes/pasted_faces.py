"""Photos with a face pasted in, and without: what faces are learned and measured on."""

import csv
import math
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
from PIL import Image

#: Smallest and largest side of a pasted face, pixels.
SIDES = (24, 300)
#: Collections of the corpus without people: in the others, what is found is often a true face.
WITHOUT_PEOPLE = ("food", "grocery", "houses", "pysimplegui")
#: A photo is used as it is or enlarged by one of these.
_ENLARGED = (1, 1, 2, 3)
#: A face leaves at least so much of the shorter side free.
_ROOM = 1.15

#: A third of the photos, and of the people, is only judged on.
Part = Literal["learn", "judge", "all"]
_PARTS: Final = 3


@dataclass(frozen=True, slots=True)
class PastedFace:
    """A photo, RGB, and where the face is in it.

    Attributes:
        photo: without the face.
        picture: with it.
        box: left, top, right, bottom, pixels.
    """

    photo: Image.Image
    picture: Image.Image
    box: tuple[int, int, int, int]


def paste_faces(
    faces: Path, corpus: Path, *, count: int, seed: int, part: Part = "all"
) -> Iterator[PastedFace]:
    """Pictures with faces, drawn at random.

    Args:
        faces: a folder with index.csv, columns path and group.
        corpus: a folder with index.csv, column path, whose first part is the collection.
        count: how many.
        seed: of the draw.
        part: whose photos and faces: no photo, and no person, is in both parts.
    """
    random = np.random.default_rng(seed)
    own = [
        row["path"]
        for row in _read(faces)
        if is_part(f"{row['path'].split('/')[0]}/{row['group']}", part)
    ]
    photos = [
        row["path"]
        for row in _read(corpus)
        if row["path"].split("/")[0] in WITHOUT_PEOPLE and is_part(row["path"], part)
    ]
    for _ in range(count):
        face, photo = own[random.integers(len(own))], photos[random.integers(len(photos))]
        side = round(math.exp(random.uniform(math.log(SIDES[0]), math.log(SIDES[1]))))
        yield _paste(faces / face, corpus / photo, side, random)


def is_part(name: str, part: Part) -> bool:
    """Whether what has this name belongs to the part, by a hash."""
    return part == "all" or (zlib.crc32(name.encode()) % _PARTS == 0) == (part == "judge")


def _paste(face: Path, photo: Path, side: int, random: np.random.Generator) -> PastedFace:
    with Image.open(photo) as file:
        below = file.convert("RGB")
    scale = max(float(random.choice(_ENLARGED)), side * _ROOM / min(below.size))
    size = (round(below.width * scale), round(below.height * scale))
    below = below.resize(size, Image.Resampling.BILINEAR)
    with Image.open(face) as file:
        above = file.convert("RGB").resize((side, side), Image.Resampling.BILINEAR)
    left = int(random.integers(below.width - side + 1))
    top = int(random.integers(below.height - side + 1))
    picture = below.copy()
    picture.paste(above, (left, top))
    return PastedFace(below, picture, (left, top, left + side, top + side))


def _read(folder: Path) -> list[dict[str, str]]:
    with (folder / "index.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
