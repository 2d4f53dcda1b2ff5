"""Which genre head serves: the one that shipped, or one that was learned from corrections."""

import json
import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from models.attributes.files import ATTRIBUTES
from models.attributes.genre import GenreHead, GenreHeadUnusable

log = logging.getLogger(__name__)

#: Name of the head that Peoria came with.
SHIPPED: Final = "shipped"
#: Name of the folder of the heads that were learned here, beside the model versions.
GENRE_HEADS: Final = "genres"
_POINTER: Final = "serving.json"
_HEAD: Final = "genres.npz"


@dataclass(frozen=True, slots=True)
class Serving:
    """Which head serves.

    Attributes:
        name: of its version.
        before: the one that it took the place of; None: it was the first.
    """

    name: str = SHIPPED
    before: str | None = None


def read_serving(folder: Path) -> Serving:
    """Which head serves by what stands in a folder of versions; the shipped one where none does."""
    try:
        content = json.loads((folder / _POINTER).read_text("utf-8"))
        return Serving(str(content["name"]), content["before"])
    except FileNotFoundError:
        return Serving()
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.warning("Which genre head serves cannot be read (%s): the shipped one does.", error)
        return Serving()


def write_serving(folder: Path, serving: Serving) -> None:
    """Have a head serve from now on, in every process that reads the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    content = json.dumps({"name": serving.name, "before": serving.before})
    # Whole or not at all: another process may read it at any moment.
    written = folder / f".{_POINTER}.{os.getpid()}"
    written.write_text(content, "utf-8")
    written.replace(folder / _POINTER)


def serving_stamp(folder: Path) -> object:
    """Something that is another when another head serves."""
    try:
        status = (folder / _POINTER).stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ino, status.st_size


def head_path(folder: Path, name: str) -> Path:
    """Where the file of a version's head is."""
    return ATTRIBUTES / _HEAD if name == SHIPPED else folder / name / _HEAD


class ServingGenres:
    """The head that serves, read again when another one does.

    Args:
        folder: of versions; None: the shipped head serves always.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._stamp: object = object()
        self._head: GenreHead | None = None

    def head(self) -> GenreHead:
        """The head. One that cannot be read leaves the place to the shipped one."""
        stamp = None if self._folder is None else serving_stamp(self._folder)
        if self._head is None or stamp != self._stamp:
            self._head, self._stamp = self._load(), stamp
        return self._head

    def _load(self) -> GenreHead:
        if self._folder is not None:
            name = read_serving(self._folder).name
            try:
                return GenreHead.load(head_path(self._folder, name))
            except GenreHeadUnusable as error:
                log.warning("%s The shipped one serves in its place.", error)
        return GenreHead.load(ATTRIBUTES / _HEAD)
