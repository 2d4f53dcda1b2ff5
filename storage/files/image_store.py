"""Image files on disk, named by what is in them."""

import errno
import hashlib
import logging
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from storage.files.atomic import fsync_folder

log = logging.getLogger(__name__)


class ImageDamaged(FileNotFoundError):
    """The bytes are not here any more: their file holds something else."""


class ImageStore:
    """A folder of files named by their SHA-256, in 256 subfolders.

    Writing is atomic: a file is there whole or not at all, also when the process dies or the
    disk fills up. The same bytes written twice are one file. A file that was emptied, cut short or
    changed by something else counts as not there, and is made anew when its bytes come again.
    """

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

    def files(self) -> Iterator[Path]:
        """Every file there is, also what a write that was cut short left behind."""
        return (path for path in self.root.glob("??/*") if path.is_file())

    def drop(self, sha256: str) -> None:
        """Delete the file; nothing happens where there is none."""
        self.path(sha256).unlink(missing_ok=True)


def _holds(path: Path, data: bytes) -> bool:
    """Whether a file is there and holds ``data``; its name alone proves nothing."""
    try:
        return path.stat().st_size == len(data) and path.read_bytes() == data
    except FileNotFoundError:
        return False
