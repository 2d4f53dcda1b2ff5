"""Copying all images from a folder to an object store, or back, while Peoria may be running."""

import hashlib
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from enum import Enum, auto
from itertools import islice
from pathlib import Path
from typing import IO

from storage.files.image_store import ImageDamaged, ImageStore, StoredImage

log = logging.getLogger(__name__)

#: Images that are copied at the same time.
_AT_ONCE = 8
_HEX = frozenset("0123456789abcdef")


@dataclass(slots=True)
class Moved:
    """What became of the images.

    Attributes:
        images: that are to be at the target.
        bytes: of all of them.
        copied: were copied now.
        there: were there already and hold what they should.
        gone: were deleted while this went on.
        damaged: at the source: they hold something else than their name says.
        deleted: were deleted at the source.
    """

    images: int = 0
    bytes: int = 0
    copied: int = 0
    there: int = 0
    gone: int = 0
    damaged: list[str] = field(default_factory=list)
    deleted: int = 0


class _Outcome(Enum):
    COPIED = auto()
    THERE = auto()
    GONE = auto()
    DAMAGED = auto()


class MoveImages:
    """Copies images and reads each back at the target, by its hash.

    Can be stopped at any moment and started again: which images were found whole at the target is
    noted in a file, and what is there and not noted is read again.

    Args:
        source: where the images are.
        target: where they are to be.
        notes: the file; it belongs to one target.
    """

    def __init__(self, source: ImageStore, target: ImageStore, notes: Path) -> None:
        self._source = source
        self._target = target
        self._notes = notes

    def look(self) -> Moved:
        """What there would be to do; nothing is changed."""
        at_target = _sizes(self._target)
        found = Moved()
        for image in _images(self._source):
            found.images += 1
            found.bytes += image.bytes
            found.there += at_target.get(image.name) == image.bytes
        return found

    def run(self, on_done: Callable[[int, int], None], *, delete: bool = False) -> Moved:
        """Copy everything.

        Args:
            on_done: told how many are done, and of how many.
            delete: whether each is deleted at the source once it was read back at the target.

        Raises:
            ObjectStoreFault, OSError: the source or the target cannot be used; run it again.
        """
        found = Moved()
        images = list(_images(self._source))
        at_target, sure = _sizes(self._target), self._read_notes()
        found.images, found.bytes = len(images), sum(image.bytes for image in images)
        waiting = iter(images)
        self._notes.parent.mkdir(parents=True, exist_ok=True)
        with self._notes.open("a") as notes, ThreadPoolExecutor(_AT_ONCE) as pool:

            def start(image: StoredImage) -> Future[tuple[StoredImage, _Outcome]]:
                is_there = at_target.get(image.name) == image.bytes
                return pool.submit(
                    self._bring, image, is_there=is_there, is_sure=image.name in sure
                )

            under_way = {start(image) for image in islice(waiting, _AT_ONCE)}
            try:
                done = 0
                while under_way:
                    ended, under_way = wait(under_way, return_when=FIRST_COMPLETED)
                    under_way |= {start(image) for image in islice(waiting, len(ended))}
                    for each in ended:
                        self._count(found, *each.result(), notes=notes, delete=delete)
                        done += 1
                        on_done(done, len(images))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        return found

    def _bring(
        self, image: StoredImage, *, is_there: bool, is_sure: bool
    ) -> tuple[StoredImage, _Outcome]:
        if is_there and (is_sure or _is_whole(self._target, image.name)):
            return image, _Outcome.THERE
        try:
            data = self._source.read(image.name)
        except ImageDamaged:
            return image, _Outcome.DAMAGED
        except FileNotFoundError:
            return image, _Outcome.GONE
        for _ in range(2):
            # Put again where it does not hold what was put: the target then knows that it is bad.
            self._target.put(data)
            if _is_whole(self._target, image.name):
                return image, _Outcome.COPIED
        raise OSError(f"{self._target.where(image.name)} is not what was written to it")

    def _count(
        self, found: Moved, image: StoredImage, outcome: _Outcome, *, notes: IO[str], delete: bool
    ) -> None:
        if outcome is _Outcome.GONE:
            found.gone += 1
        elif outcome is _Outcome.DAMAGED:
            found.damaged.append(self._source.where(image.name))
        else:
            found.copied += outcome is _Outcome.COPIED
            found.there += outcome is _Outcome.THERE
            notes.write(f"{image.name}\n")
            notes.flush()
            if delete:
                self._source.remove(image)
                found.deleted += 1

    def _read_notes(self) -> set[str]:
        try:
            return {line for line in self._notes.read_text().splitlines() if _is_name(line)}
        except FileNotFoundError:
            return set()


def notes_for(folder: Path, target: str) -> Path:
    """Where it is noted what is at a target."""
    return folder / f"moved-images-{hashlib.sha256(target.encode()).hexdigest()[:16]}.txt"


def _images(store: ImageStore) -> Iterator[StoredImage]:
    """The images of a store, without copies and what a write that was cut short left."""
    return (each for each in store.stored() if not each.is_copy and _is_name(each.name))


def _sizes(store: ImageStore) -> dict[str, int]:
    return {image.name: image.bytes for image in _images(store)}


def _is_name(text: str) -> bool:
    return len(text) == 64 and set(text) <= _HEX


def _is_whole(store: ImageStore, sha256: str) -> bool:
    try:
        store.read(sha256)
    except FileNotFoundError:
        return False
    return True
