"""Image files on disk, named by what is in them."""

import asyncio
import errno
import hashlib
import logging
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from storage.files.atomic import fsync_folder

log = logging.getLogger(__name__)


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class StoredImage:
    """An image as it lies in the store.

    Attributes:
        key: where it lies in the store.
        name: its SHA-256, or what a write that was cut short was called.
        bytes: its size.
        modified: when it was written, aware.
        is_copy: whether it was made from an image, and is none itself.
    """

    key: str
    name: str
    bytes: int
    modified: datetime
    is_copy: bool = False


class Flaw(StrEnum):
    """What is wrong with a stored image."""

    MISSING = "missing"
    EMPTY = "empty"
    CHANGED = "not what was stored"
    UNREADABLE = "cannot be read"


class ImageDamaged(FileNotFoundError):
    """The bytes are not here any more: their file holds something else."""


class ImageStore:
    """A folder of files named by their SHA-256, in 256 subfolders.

    Writing is atomic: a file is there whole or not at all, also when the process dies or the
    disk fills up. The same bytes written twice are one file. A file that was emptied, cut short or
    changed by something else counts as not there, and is made anew when its bytes come again.

    `storage.objects.remote_image_store` has the same in an object store; the folder is its cache.
    """

    #: How long a measured size of the whole store holds, seconds.
    measure_seconds = 600.0
    #: Whether dropping takes so little time that it may be done within a transaction.
    drops_at_once = True

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, sha256: str) -> Path:
        """Where the bytes with this SHA-256 are, or would be."""
        return self.root / sha256[:2] / sha256

    def put(self, data: bytes) -> str:
        """Store ``data`` and return its SHA-256 (64 hexadecimal digits).

        Raises:
            OSError: the disk is full or cannot be written; nothing is left behind.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        path = self.path(sha256)
        if _holds(path, data):
            return sha256
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".partial-")
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        fsync_folder(path.parent)
        return sha256

    def get(self, sha256: str) -> bytes:
        """The bytes with this SHA-256.

        Raises:
            FileNotFoundError: they were never stored, or were dropped after their retention time.
            ImageDamaged: the file holds something else.
        """
        path = self.path(sha256)
        data = path.read_bytes()
        if hashlib.sha256(data).hexdigest() != sha256:
            log.warning("The image file %s is damaged; the same image posted again mends it.", path)
            raise ImageDamaged(errno.ENOENT, "the file is damaged", str(path))
        return data

    def read(self, sha256: str) -> bytes:
        """As `get`, and never from a copy."""
        return self.get(sha256)

    def where(self, sha256: str) -> str:
        """Where the bytes with this SHA-256 are, or would be, for people."""
        return str(self.path(sha256))

    def flaw(self, sha256: str) -> Flaw | None:
        """What is wrong with an image, by reading all of it; None: nothing."""
        path = self.path(sha256)
        try:
            with path.open("rb") as file:
                holds = hashlib.file_digest(file, "sha256").hexdigest()
        except FileNotFoundError:
            return Flaw.MISSING
        except OSError:
            return Flaw.UNREADABLE
        if holds == sha256:
            return None
        return Flaw.CHANGED if path.stat().st_size else Flaw.EMPTY

    def local(self, sha256: str) -> Path:
        """A file of this machine that holds the bytes with this SHA-256.

        Raises:
            FileNotFoundError: there is none.
        """
        path = self.path(sha256)
        if not path.is_file():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
        return path

    def files(self) -> Iterator[Path]:
        """Every file there is, also what a write that was cut short left behind."""
        return (path for path in self.root.glob("??/*") if path.is_file())

    def stored(self) -> Iterator[StoredImage]:
        """Everything that is stored, also what a write that was cut short left behind."""
        for path in self.files():
            try:
                stat = path.stat()
            except FileNotFoundError:
                continue  # A clean-up took it meanwhile.
            modified = datetime.fromtimestamp(stat.st_mtime, UTC)
            key = path.relative_to(self.root).as_posix()
            yield StoredImage(key, path.name, stat.st_size, modified)

    def remove(self, stored: StoredImage) -> None:
        """Delete what `stored` gave; nothing happens where it is gone."""
        (self.root / stored.key).unlink(missing_ok=True)

    def drop(self, sha256: str) -> None:
        """Delete the file; nothing happens where there is none."""
        self.path(sha256).unlink(missing_ok=True)

    def has_copy(self, sha256: str) -> bool:
        """Whether there is a copy of an image beside the store. Here is none."""
        return False

    def mend(self, sha256: str) -> bool:
        """Store an image again that was lost, from a copy; whether there was one. Here is none."""
        return False

    async def on_thread(self, work: Callable[..., T], *args: Any) -> T:
        """What a call of a method gives, made on a thread: it waits for a disk, or a network."""
        return await asyncio.to_thread(work, *args)

    def close(self) -> None:
        """End what the store has running."""


def _holds(path: Path, data: bytes) -> bool:
    """Whether a file is there and holds ``data``; its name alone proves nothing."""
    try:
        return path.stat().st_size == len(data) and path.read_bytes() == data
    except FileNotFoundError:
        return False
