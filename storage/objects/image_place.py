"""Where images are, as settings and the tasks of child processes say it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from storage.files.image_store import ImageStore
from storage.objects.cache import ImageCache
from storage.objects.object_store import ObjectStore, Patience
from storage.objects.remote_image_store import RemoteImageStore


@dataclass(frozen=True, slots=True)
class ImagePlace:
    """Where images are.

    Attributes:
        folder: that they are in; with ``url`` the folder of copies.
        url: of the object store that they are in; None: they are in the folder.
        cache_bytes: size of the folder of copies, at most.
        max_bytes: of one image from an object store.
    """

    folder: Path
    url: str | None = None
    cache_bytes: int = 2**31
    max_bytes: int = 20 * 2**20

    def open(self, *, patience: Patience | None = None, owner: str | None = None) -> ImageStore:
        """The store.

        Args:
            patience: with an object store.
            owner: whose an object store has to be; None: nothing will be written or deleted.

        Raises:
            ObjectsMissing: it is an object store, and the extra `objects` is not installed.
            ObjectStoreFault: its keys are missing.
        """
        if self.url is None:
            return ImageStore(self.folder)
        objects = ObjectStore(self.url, patience=patience)
        cache = ImageCache(self.folder, max_bytes=self.cache_bytes)
        return RemoteImageStore(objects, cache, max_bytes=self.max_bytes, owner=owner)

    def as_json(self) -> dict[str, Any]:
        """For the task of a child process."""
        return {
            "folder": str(self.folder.resolve()),
            "url": self.url,
            "cache_bytes": self.cache_bytes,
            "max_bytes": self.max_bytes,
        }

    @classmethod
    def from_json(cls, said: dict[str, Any]) -> Self:
        """What `as_json` gave."""
        return cls(Path(said["folder"]), said["url"], said["cache_bytes"], said["max_bytes"])
