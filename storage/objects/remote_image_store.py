"""Image files in an object store, named by what is in them, with copies on this machine."""

import asyncio
import errno
import hashlib
import logging
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from storage.files.image_store import Flaw, ImageDamaged, ImageStore, StoredImage
from storage.objects.cache import ImageCache
from storage.objects.faults import ObjectStoreFault
from storage.objects.object_store import ObjectStore, TooLarge
from storage.objects.owner import claim

log = logging.getLogger(__name__)

T = TypeVar("T")

#: Where images lie in the object store, and copies of them that may be shown to everybody.
IMAGES, PUBLIC = "images", "public"
_NAME = re.compile(r"[0-9a-f]{64}")
#: An image is there once it was written and found; for so long it is not asked for again, seconds.
_SURE = 60.0
#: How many images are remembered so.
_REMEMBERED = 10_000
#: An image that is older is written again when it comes again, so that no clean-up that has begun
#: takes it away: cleaning up leaves alone what is younger than a day.
_YOUNG = timedelta(hours=12)
#: An object whose bytes are not what its name says is read so often before it is called damaged.
_READS = 3
#: Requests at the same time.
_AT_ONCE = 16


class RemoteImageStore(ImageStore):
    """What `ImageStore` is, in an object store; its folder is a cache, where files come and go.

    An image is written only if it is not there, and asked for after it was written: one that the
    object store accepted and lost is written again. All methods raise `ObjectStoreFault` where it
    cannot be used.

    Args:
        objects: holds ``images/ab/SHA256`` and ``public/ab/SHA256``.
        cache: copies on this machine.
        max_bytes: of one image; no more is read.
        owner: whose the store has to be (`storage.objects.owner`) before anything is written or
            deleted; None: anybody's.
    """

    measure_seconds = 6 * 3600.0
    drops_at_once = False

    def __init__(
        self,
        objects: ObjectStore,
        cache: ImageCache,
        *,
        max_bytes: int,
        owner: str | None = None,
    ) -> None:
        super().__init__(cache.root)
        self._unclaimed_for = owner
        self.objects = objects
        self._cache = cache
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._sure: OrderedDict[str, float] = OrderedDict()
        self._damaged: set[str] = set()
        # Of its own: where the object store is slow, nothing else waits for it.
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="objects")

    def claim(self) -> None:
        """Make sure that the object store is this database's, once.

        Raises:
            OtherOwner: it is another's.
        """
        if self._unclaimed_for is not None:
            claim(self.objects, self._unclaimed_for)
            self._unclaimed_for = None

    def put(self, data: bytes) -> str:
        """Store ``data`` and return its SHA-256 (64 hexadecimal digits)."""
        sha256 = hashlib.sha256(data).hexdigest()
        if not self._is_sure(sha256):
            self._upload(sha256, data)
            self._note(sha256)
        if not self._cache.has(sha256, len(data)):
            self._keep_copy(sha256, data)
        return sha256

    def get(self, sha256: str) -> bytes:
        """The bytes with this SHA-256.

        Raises:
            FileNotFoundError: they were never stored, or were dropped after their retention time.
            ImageDamaged: the object holds something else, also when it is read again.
        """
        data = self._cache.get(sha256)
        if data is None:
            data = self.read(sha256)
            self._keep_copy(sha256, data)
        return data

    def read(self, sha256: str) -> bytes:
        """As `get`, and never from a copy."""
        for _ in range(_READS):
            try:
                data = self.objects.read(_key(IMAGES, sha256), max_bytes=self._max_bytes)
            except TooLarge:
                break
            if hashlib.sha256(data).hexdigest() == sha256:
                return data
        with self._lock:
            self._damaged.add(sha256)
            self._sure.pop(sha256, None)
        where = self.where(sha256)
        log.warning("The image %s is damaged; the same image posted again mends it.", where)
        raise ImageDamaged(errno.ENOENT, "the object is damaged", where)

    def where(self, sha256: str) -> str:
        """Where the bytes with this SHA-256 are, or would be, for people."""
        return f"{self.objects.url}/{_key(IMAGES, sha256)}"

    def flaw(self, sha256: str) -> Flaw | None:
        """What is wrong with an image in the object store itself; None: nothing."""
        try:
            self.read(sha256)
        except ImageDamaged:
            return Flaw.CHANGED
        except FileNotFoundError:
            return Flaw.MISSING
        return None

    def local(self, sha256: str) -> Path:
        """A file of this machine that holds the bytes with this SHA-256. Raises as `get`.

        It may be deleted at any time: ask again then.
        """
        self.get(sha256)
        path = self._cache.path(sha256)
        if not path.is_file():
            raise FileNotFoundError(errno.ENOENT, "there is no room for a copy", str(path))
        return path

    def stored(self) -> Iterator[StoredImage]:
        """Every image in there, and every public copy. What is not ours is passed over."""
        for prefix in (IMAGES, PUBLIC):
            for each in self.objects.list(prefix):
                name = each.key.rpartition("/")[2]
                if _NAME.fullmatch(name) and each.key == _key(prefix, name):
                    yield StoredImage(
                        each.key, name, each.size, each.modified, is_copy=prefix == PUBLIC
                    )

    def remove(self, stored: StoredImage) -> None:
        """Delete what `stored` gave, and its copies; nothing happens where it is gone."""
        if not stored.is_copy:
            self.drop(stored.name)
            return
        # Its image may have come again just now.
        self.claim()
        with self._lock:
            self._sure.pop(stored.key, None)
        self.objects.delete([stored.key])

    def drop(self, sha256: str) -> None:
        """Delete an image, its public copy and the copy on this machine.

        Copies on other machines are deleted within a day (`storage.objects.cache.LONGEST`).
        """
        image, public = _key(IMAGES, sha256), _key(PUBLIC, sha256)
        self._cache.drop(sha256)
        with self._lock:
            for each in (sha256, public):
                self._sure.pop(each, None)
        self.claim()
        self.objects.delete([image, public])

    def has_copy(self, sha256: str) -> bool:
        """Whether a copy is here."""
        return self._cache.has(sha256)

    def mend(self, sha256: str) -> bool:
        """Write an image that the object store lost from the copy here; whether there was one."""
        data = self._cache.get(sha256)
        if data is not None:
            self._upload(sha256, data)
        return data is not None

    def public_url(
        self, sha256: str, *, seconds: float, make: Callable[[], tuple[bytes, str]]
    ) -> str:
        """A URL at which everybody who has it may read an image's public copy for a while.

        Only public copies are ever signed: the files that people posted say where and by whom a
        picture was taken.

        Args:
            sha256: of the image.
            seconds: for so long.
            make: its public copy and the media type of that; called where there is none yet.
        """
        key = _key(PUBLIC, sha256)
        if not self._is_sure(key):
            if self.objects.find(key) is None:
                data, content_type = make()
                self.objects.put(key, data, content_type=content_type)
            self._note(key)
        return self.objects.sign(key, seconds=seconds)

    async def on_thread(self, work: Callable[..., T], *args: Any) -> T:
        """What a call of a method gives, made on a thread of the object store's own."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *args)

    def close(self) -> None:
        """End the threads; calls that have not begun are cancelled."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _upload(self, sha256: str, data: bytes) -> None:
        """Write an image, and make sure that it is there."""
        self.claim()
        key, patience = _key(IMAGES, sha256), self.objects.patience
        pause = patience.first_pause
        with self._lock:
            write_over = sha256 in self._damaged
        for _ in range(patience.tries_again):
            if write_over:
                self.objects.put(key, data)
            else:
                self.objects.put_new(key, data)
            found = self.objects.find(key)
            if found is None:
                log.warning("%s lost an image at once: it is sent again.", self.objects.url)
                time.sleep(pause)
                pause = min(2 * pause, patience.longest_pause)
            elif found.size == len(data) and (
                write_over or found.modified > datetime.now(UTC) - _YOUNG
            ):
                with self._lock:
                    self._damaged.discard(sha256)
                return
            else:
                write_over = True
        raise ObjectStoreFault(
            "the object store {url} does not keep what is written to it",
            "Is it full, or does a rule delete at once? It is tried again by itself.",
            url=self.objects.url,
        )

    def _keep_copy(self, sha256: str, data: bytes) -> None:
        try:
            self._cache.add(sha256, data)
        except OSError as error:
            # The object store has it: it is read from there.
            log.warning(
                "No copy of an image can be kept in %s: %s.", self._cache.root, error.strerror
            )

    def _is_sure(self, key: str) -> bool:
        with self._lock:
            return time.monotonic() - self._sure.get(key, -_SURE) < _SURE

    def _note(self, key: str) -> None:
        with self._lock:
            self._sure[key] = time.monotonic()
            if len(self._sure) > _REMEMBERED:
                self._sure.popitem(last=False)


def _key(prefix: str, sha256: str) -> str:
    return f"{prefix}/{sha256[:2]}/{sha256}"
