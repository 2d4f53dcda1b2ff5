"""Images of an object store that lie on this machine for a while."""

import contextlib
import hashlib
import logging
import os
import tempfile
import threading
import time
from pathlib import Path

log = logging.getLogger(__name__)

#: A copy is used for so long, seconds: what another machine erased is gone here after that, too.
LONGEST = 86_400.0
#: How often copies that are too old are looked for, seconds.
_SWEEP_SECONDS = 3600.0
#: When there is no room the least recently used go until so much of it is taken.
_DOWN_TO = 0.9
#: A write that is older was cut short, seconds.
_CUT_SHORT = 3600.0
_PARTIAL = ".partial-"


class ImageCache:
    """A folder of files named by their SHA-256, of a limited size, for several processes.

    What is read is held against its hash, so that a file that was cut short or changed is no file.
    Nothing in here is needed: a file may be deleted at any time. Where there is no room, the least
    recently used go.

    Args:
        root: the folder.
        max_bytes: its size, at most.
    """

    def __init__(self, root: Path, *, max_bytes: int) -> None:
        self.root = root
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._bytes: int | None = None
        self._swept_at = -_SWEEP_SECONDS

    def path(self, sha256: str) -> Path:
        """Where the bytes with this SHA-256 are, or would be."""
        return self.root / sha256[:2] / sha256

    def get(self, sha256: str) -> bytes | None:
        """The bytes with this SHA-256; None: they are not here, or are others by now."""
        self._sweep_if_due()
        path = self.path(sha256)
        try:
            if time.time() - path.stat().st_mtime > LONGEST:
                return None
            data = path.read_bytes()
        except OSError:
            return None
        if hashlib.sha256(data).hexdigest() != sha256:
            log.warning("The copy %s was damaged, and is fetched again.", path)
            path.unlink(missing_ok=True)
            return None
        self._note_use(path)
        return data

    def has(self, sha256: str, size: int | None = None) -> bool:
        """Whether there is a copy, of a size in bytes; what is in it is not looked at."""
        try:
            stat = self.path(sha256).stat()
        except OSError:
            return False
        return size in (None, stat.st_size) and time.time() - stat.st_mtime <= LONGEST

    def add(self, sha256: str, data: bytes) -> None:
        """Keep a copy.

        Raises:
            OSError: the disk is full or cannot be written.
        """
        self._sweep_if_due()
        if len(data) > self._max_bytes:
            return
        path = self.path(sha256)
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=_PARTIAL)
        try:
            # Not forced to the disk: what a power cut leaves is told by its hash.
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        with self._lock:
            if self._bytes is not None:
                self._bytes += len(data)
            if self._bytes is None or self._bytes > self._max_bytes:
                self._make_room()

    def drop(self, sha256: str) -> None:
        """Delete a copy; nothing happens where there is none."""
        self.path(sha256).unlink(missing_ok=True)

    def _note_use(self, path: Path) -> None:
        # The time of its last use beside the time when it came, which stays.
        with contextlib.suppress(OSError):
            os.utime(path, (time.time(), path.stat().st_mtime))

    def _sweep_if_due(self) -> None:
        if time.monotonic() - self._swept_at < _SWEEP_SECONDS:
            return
        with self._lock:
            self._swept_at = time.monotonic()
            self._make_room()

    def _make_room(self) -> None:
        """Measure the folder; delete what is too old, then the least recently used."""
        files: list[tuple[float, int, Path]] = []
        now = time.time()
        for path in self.root.glob("??/*"):
            try:
                stat = path.stat()
            except OSError:
                continue  # Another process deleted it.
            age = now - stat.st_mtime
            if path.name.startswith(_PARTIAL):
                if age > _CUT_SHORT:
                    path.unlink(missing_ok=True)
            elif age > LONGEST:
                path.unlink(missing_ok=True)
            else:
                files.append((stat.st_atime, stat.st_size, path))
        taken = sum(size for _, size, _ in files)
        if taken > self._max_bytes:
            for _, size, path in sorted(files):
                if taken <= _DOWN_TO * self._max_bytes:
                    break
                path.unlink(missing_ok=True)
                taken -= size
        self._bytes = taken
