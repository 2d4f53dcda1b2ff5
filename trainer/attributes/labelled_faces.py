"""Faces with the expression that people saw in them."""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from models.attributes.expressions import EXPRESSIONS, FACE_SIZE


@dataclass(frozen=True, slots=True)
class LabelledFaces:
    """Faces in the order of their index.

    Attributes:
        grey: uint8[n, 48, 48].
        expression: int64[n], places in EXPRESSIONS.
        source: str[n], the collection that a face comes from.
        group: str[n]; faces of one group (a person, a near-duplicate) stay on one side of a split.
    """

    grey: NDArray[np.uint8]
    expression: NDArray[np.int64]
    source: NDArray[np.str_]
    group: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.grey)

    def take(self, rows: NDArray[np.int64]) -> Self:
        """Those rows, in that order."""
        return type(self)(
            self.grey[rows], self.expression[rows], self.source[rows], self.group[rows]
        )

    def save(self, path: Path) -> None:
        """Write them as one .npz file."""
        np.savez_compressed(
            path,
            grey=self.grey,
            expression=self.expression,
            source=self.source,
            group=self.group,
        )

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote."""
        with np.load(path) as file:
            return cls(file["grey"], file["expression"], file["source"], file["group"])


def read_faces(folder: Path) -> LabelledFaces:
    """Read `folder`/index.csv (columns path, label, group) and the faces it names.

    The first part of a path is the face's source. Labels outside EXPRESSIONS (contempt) are left
    out. Faces of any size become grey squares of 48 pixels, cut about their centre.

    Raises:
        OSError: the index or a face cannot be read.
    """
    with (folder / "index.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["label"] in EXPRESSIONS]
    return LabelledFaces(
        np.stack([_grey(folder / row["path"]) for row in rows]),
        np.array([EXPRESSIONS.index(row["label"]) for row in rows], np.int64),
        np.array([row["path"].split("/")[0] for row in rows]),
        np.array([f"{row['path'].split('/')[0]}/{row['group']}" for row in rows]),
    )


def _grey(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as image:
        grey = ImageOps.fit(image.convert("L"), (FACE_SIZE, FACE_SIZE), Image.Resampling.BILINEAR)
        return np.asarray(grey, np.uint8)
