"""A folder of images, named by the posts that they belong to in the ways that people name them."""

import os
import re
from pathlib import Path
from typing import Final

from storage.files.post_values import IMAGE_ENDINGS

#: What follows the id of a post in the names of a gallery's images: ``ID_0.jpg``.
_PLACE: Final = re.compile(r"(.+?)[_-](\d{1,2})", re.DOTALL)

#: An id at the end of a longer name, as downloaders write it: ``AUTHOR_Title_ID.jpg``.
_AT_THE_END: Final = re.compile(r".+[_ -](?:t3_)?([0-9a-z]{5,7})", re.DOTALL)


class ImageFolder:
    """The images under a folder, its folders included, found by the id of their post.

    A file belongs to a post by its name: ``ID.jpg``, ``t3_ID.JPG``, ``ID.png.jpg``, ``ID_0.jpg``
    (of a gallery the first), ``…_ID.jpg``, or ``ID/anything.jpg``; of several the closest name
    counts, and among equals the first in order. What cannot be read is passed over.
    """

    def __init__(self, folder: Path) -> None:
        self._by_id: dict[str, tuple[tuple[int, int, str], Path]] = {}
        self._by_name: dict[str, Path] = {}
        for parent, folders, files in os.walk(folder):
            folders.sort()
            for name in sorted(files):
                if name.casefold().endswith(IMAGE_ENDINGS):
                    self._add(Path(parent) / name, inside=Path(parent) != folder)

    def find(self, post_id: str, file: str | None = None) -> Path | None:
        """The image of a post; None where there is none.

        Args:
            post_id: a stranger's: it is looked up, and never becomes part of a path.
            file: the name of the file that the post names, if it does; it goes before the id.
        """
        if file is not None and (named := self._by_name.get(file.casefold())) is not None:
            return named
        found = self._by_id.get(post_id) or self._by_id.get(post_id.removeprefix("t3_"))
        return found[1] if found is not None else None

    def __len__(self) -> int:
        return len(self._by_name)

    def _add(self, path: Path, *, inside: bool) -> None:
        self._by_name.setdefault(path.name.casefold(), path)
        stem = _without_ending(path.name)
        self._offer(stem, (0, 0), path)
        bare = stem.removeprefix("t3_")
        while (shorter := _without_ending(bare)) != bare:  # ID.png.jpg
            bare = shorter
        self._offer(bare, (1, 0), path)
        if (place := _PLACE.fullmatch(bare)) is not None:
            self._offer(place[1], (2, int(place[2])), path)
        if inside:
            self._offer(path.parent.name.removeprefix("t3_"), (3, 0), path)
        if (end := _AT_THE_END.fullmatch(bare)) is not None:
            self._offer(end[1], (4, 0), path)

    def _offer(self, post_id: str, rank: tuple[int, int], path: Path) -> None:
        offered = ((*rank, path.name), path)
        if post_id not in self._by_id or offered < self._by_id[post_id]:
            self._by_id[post_id] = offered


def _without_ending(name: str) -> str:
    stem, ending = os.path.splitext(name)  # noqa: PTH122 - a name, not a path
    return stem if ending.casefold() in IMAGE_ENDINGS else name


def read_image_file(path: Path, *, max_bytes: int) -> bytes:
    """The bytes of a file; of one that is larger than ``max_bytes`` one more than these.

    That is enough for the decoder to say that it is too large, and a file of gigabytes is never
    read.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        return file.read(max_bytes + 1)
