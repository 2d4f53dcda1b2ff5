"""How like the posts that a head was fitted on a post is, source by source.

Nobody knows what an image or a title does to a score when nothing like it was ever labelled. Of
each raw metadata column, and of each projected group its distances along the main directions and
beside them, the head keeps the middle and the range of its training posts. A source is trusted
while all of its numbers lie in that range, and no longer where one lies twice as far out.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from models.features import Features

Floats = NDArray[np.float32]

Source = Literal["image", "title", "text", "author", "time", "pace"]
SOURCES: tuple[Source, ...] = ("image", "title", "text", "author", "time", "pace")
#: Sources that are the post's own: of what it is unlike in them people are told.
OF_THE_POST: tuple[Source, ...] = ("image", "title", "text", "author", "time")

#: Groups that are projected, and the source of each.
PROJECTED: dict[str, Source] = {"embedding": "image", "title": "title", "text": "text"}

#: The source of metadata columns, by the beginning of the name.
_BEGINNINGS: dict[str, Source] = {
    "title_": "title", "text_": "text", "author_": "author", "hour_": "time", "weekday_": "time",
    "pace_": "pace", "image_": "image",
}  # fmt: skip

#: Less trust than this counts as set aside.
SET_ASIDE = 0.5


def source_of(column: str) -> Source:
    """The source of a metadata column.

    Raises:
        KeyError: none; whoever adds a column says where it comes from.
    """
    for beginning, source in _BEGINNINGS.items():
        if column.startswith(beginning):
            return source
    raise KeyError(column)


#: The source of each metadata column, as its number in `SOURCES`.
METADATA_OWNERS = np.array([SOURCES.index(source_of(n)) for n in Features().metadata_names])

#: The source of each number that trust is read from: the metadata columns, then `UNLIKENESS` of
#: each projected group.
UNLIKENESS = 3
OWNERS = np.concatenate(
    [METADATA_OWNERS, np.repeat([SOURCES.index(s) for s in PROJECTED.values()], UNLIKENESS)]
)


#: The numbers source by source, and where those of each source begin.
_BY_SOURCE = np.argsort(OWNERS, kind="stable")
_STARTS = np.searchsorted(OWNERS[_BY_SOURCE], np.arange(len(SOURCES)))


@dataclass(frozen=True, slots=True)
class Support:
    """Middle and range of the training posts in each number that trust is read from.

    Attributes:
        centre, low, high: float32 [numbers], ``low < centre < high``, in the order of `OWNERS`.
    """

    centre: Floats
    low: Floats
    high: Floats

    @classmethod
    def everything(cls) -> "Support":
        """Trusts whatever comes."""
        far = np.full(len(OWNERS), 1e30, np.float32)
        return cls(np.zeros(len(OWNERS), np.float32), -far, far)

    def trust(self, numbers: Floats) -> Floats:
        """How far each source is trusted: float32 [n, sources], 0 to 1.

        Args:
            numbers: float32 [n, numbers], in the order of `OWNERS`.
        """
        above = (numbers - self.centre) / (self.high - self.centre)
        below = (self.centre - numbers) / (self.centre - self.low)
        distance = np.maximum(above, below)[:, _BY_SOURCE]
        farthest: Floats = np.maximum.reduceat(distance, _STARTS, axis=1)
        trust: Floats = np.minimum(np.maximum(2 - farthest, 0), 1)
        return trust
