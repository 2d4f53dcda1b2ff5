"""Model versions and backbones in an object store, so that every machine can serve each of them."""

import contextlib
import logging
import shutil
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from models.backbone import Backbone, BackboneUnusable
from models.backbone_files import find_backbone, keep_backbone
from models.registry import VersionUnusable, read_version
from storage.objects.folders import FolderDamaged, FolderObjects
from storage.objects.object_store import ObjectStore

log = logging.getLogger(__name__)

#: Where they lie in the object store.
_VERSIONS, _BACKBONES = "versions", "backbones"


class SharedModels:
    """Puts what was made here into an object store, and brings what was made elsewhere.

    May be used by several threads. Methods raise `ObjectStoreFault` where the object store is
    needed and cannot be used: for what is here and whole it is not needed.

    Args:
        objects: the object store.
        versions_dir: holds a folder for each model version.
        backbones_dir: holds a folder for each backbone.
        claim: makes sure that the object store is ours; called before anything is written or
            listed for deletion.
    """

    def __init__(
        self,
        objects: ObjectStore,
        *,
        versions_dir: Path,
        backbones_dir: Path,
        claim: Callable[[], None] = lambda: None,
    ) -> None:
        self._claim = claim
        self._versions = FolderObjects(objects, _VERSIONS)
        self._backbones = FolderObjects(objects, _BACKBONES)
        self._versions_dir = versions_dir
        self._backbones_dir = backbones_dir
        self._put: set[str] = set()
        self._lock = threading.Lock()

    def bring(self, name: str) -> None:
        """Make sure that a version and its backbone are here and whole.

        What is not, and is in the object store, is fetched. What is in neither is left to those who
        read it: they say what to do.
        """
        with self._lock:
            folder = self._versions_dir / name
            try:
                manifest = read_version(folder)
            except VersionUnusable:
                self._fetch(self._versions, name, folder)
                with contextlib.suppress(VersionUnusable):
                    self._bring_backbone(read_version(folder).backbone)
            else:
                self._bring_backbone(manifest.backbone)

    def put(self, name: str) -> None:
        """Make sure that a version that is here, and its backbone, are in the object store.

        Raises:
            VersionUnusable, BackboneUnusable: they are damaged here.
        """
        with self._lock:
            if name in self._put:
                return
            self._claim()
            folder = self._versions_dir / name
            fingerprint = read_version(folder).backbone
            if fingerprint not in self._put:
                self._put_backbone(fingerprint)
            # After its backbone: whoever finds the version can serve it.
            if self._versions.put(name, folder):
                log.info("Model version %s is in the object store now.", name)
            self._put |= {name, fingerprint}

    def names(self) -> Iterator[tuple[str, datetime]]:
        """The versions in the object store, each with the time when it was put there."""
        self._claim()
        return self._versions.names()

    def drop(self, name: str) -> None:
        """Delete a version in the object store; backbones stay."""
        self._put.discard(name)
        self._versions.drop(name)

    def _put_backbone(self, fingerprint: str) -> None:
        found = find_backbone(self._backbones_dir, fingerprint)
        kept = self._backbones_dir / fingerprint
        if found.parent != self._backbones_dir:
            # What ships lies among much else.
            keep_backbone(self._backbones_dir, found)
            found = kept
        self._backbones.put(fingerprint, found)

    def _bring_backbone(self, fingerprint: str) -> None:
        try:
            find_backbone(self._backbones_dir, fingerprint)
        except BackboneUnusable:
            target = self._backbones_dir / fingerprint
            self._fetch(self._backbones, fingerprint, target)
            with contextlib.suppress(BackboneUnusable):
                Backbone.load(target)

    def _fetch(self, folders: FolderObjects, name: str, target: Path) -> None:
        """Fetch a folder in place of what may be there damaged, which goes when it came."""
        new = target.with_name(f".fetched-{uuid4().hex}")
        try:
            if not folders.fetch(name, new):
                return
        except FolderDamaged as error:
            log.error("%s.", error)  # noqa: TRY400 - what reads it says the rest
            return
        log.info("%s was fetched from the object store.", name)
        if target.is_dir():
            damaged = target.with_name(f".damaged-{uuid4().hex}")
            target.rename(damaged)
            shutil.rmtree(damaged, ignore_errors=True)
        new.rename(target)
