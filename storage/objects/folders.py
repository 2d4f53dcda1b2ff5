"""Folders in an object store: all of their files first, then the list of them, which counts."""

import hashlib
import json
import logging
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path, PurePosixPath

from storage.files.atomic import write_folder
from storage.objects.object_store import NoObject, ObjectStore, TooLarge

log = logging.getLogger(__name__)

_LIST = "files.json"
_LIST_BYTES = 2**20
#: No file of a model is larger.
_FILE_BYTES = 2**32
#: Bytes of a file's name with its folders: file systems take no longer ones.
_LONGEST_NAME = 200
_SHA256 = re.compile(r"[0-9a-f]{64}")
#: A file whose bytes are not what the list says is asked for so often.
_READS = 3


class FolderDamaged(FileNotFoundError):
    """A folder in an object store is not what was put there, also when it is asked for again."""


class FolderObjects:
    """Folders below a prefix, each by its name; their files lie there by their SHA-256.

    A folder is there when its list is: whoever finds the list finds all files. All methods raise
    `ObjectStoreFault` where the object store cannot be used.

    Args:
        objects: the object store.
        prefix: of these folders in it.
    """

    def __init__(self, objects: ObjectStore, prefix: str) -> None:
        self._objects = objects
        self._prefix = prefix

    def names(self) -> Iterator[tuple[str, datetime]]:
        """The folders that are there, each with the time when it was put there (aware)."""
        for each in self._objects.list(self._prefix):
            parts = each.key.removeprefix(f"{self._prefix}/").split("/")
            if len(parts) == 2 and parts[1] == _LIST:
                yield parts[0], each.modified

    def put(self, name: str, folder: Path) -> bool:
        """Put a folder there, unless it is there as it is here; return whether it had to be put.

        Raises:
            OSError: a file of it cannot be read.
        """
        files = {
            path.relative_to(folder).as_posix(): path
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }
        sums = {file: _sha256(path) for file, path in files.items()}
        listed = json.dumps(sums, indent=2, sort_keys=True).encode()
        try:
            if self._objects.read(self._key(name, _LIST), max_bytes=_LIST_BYTES) == listed:
                return False
        except (NoObject, TooLarge):
            pass
        for file, path in files.items():
            key = self._file_key(name, sums[file])
            found = self._objects.find(key)
            if found is None or found.size != path.stat().st_size:
                self._objects.put(key, path)
        self._objects.put(self._key(name, _LIST), listed)
        return True

    def fetch(self, name: str, target: Path) -> bool:
        """Make ``target`` from what is there; False: there is no such folder.

        Nothing is left of a folder that cannot be fetched whole.

        Raises:
            FolderDamaged: a file is missing, or is not what the list says.
            FileExistsError: ``target`` is there already.
            OSError: the disk is full or cannot be written.
        """
        key = self._key(name, _LIST)
        try:
            sums = _read_list(self._objects.read(key, max_bytes=_LIST_BYTES))
        except NoObject:
            return False
        except (TooLarge, ValueError) as error:
            raise FolderDamaged(f"{self._objects.url}/{key} is damaged") from error

        def fill(folder: Path) -> None:
            for file, sha256 in sums.items():
                path = folder / file
                path.parent.mkdir(parents=True, exist_ok=True)
                self._fetch_file(self._file_key(name, sha256), sha256, path)

        write_folder(target, fill)
        return True

    def drop(self, name: str) -> None:
        """Delete a folder, its list first; nothing happens where there is none."""
        self._objects.delete([self._key(name, _LIST)])
        left = [each.key for each in self._objects.list(f"{self._prefix}/{name}")]
        if left:
            self._objects.delete(left)

    def _fetch_file(self, key: str, sha256: str, path: Path) -> None:
        for _ in range(_READS):
            try:
                with path.open("wb") as file:
                    if self._objects.read_into(key, file, max_bytes=_FILE_BYTES) == sha256:
                        return
            except (NoObject, TooLarge):
                break
            log.warning("%s/%s is asked for again: it came damaged.", self._objects.url, key)
        raise FolderDamaged(f"{self._objects.url}/{key} is missing or damaged")

    def _key(self, name: str, file: str) -> str:
        return f"{self._prefix}/{name}/{file}"

    def _file_key(self, name: str, sha256: str) -> str:
        return f"{self._prefix}/{name}/files/{sha256}"


def _read_list(content: bytes) -> dict[str, str]:
    """Files and their SHA-256.

    Raises:
        ValueError: it is no such list, or names a file outside of its folder.
    """
    try:
        sums = json.loads(content)
    except RecursionError as error:
        raise ValueError("no list of files") from error
    if not isinstance(sums, dict) or not sums:
        raise ValueError("no list of files")
    for file, sha256 in sums.items():
        path = PurePosixPath(file)
        if path.is_absolute() or ".." in path.parts or "\\" in file or path.as_posix() != file:
            raise ValueError("a file outside of its folder")
        if not path.name or not file.isprintable() or len(file.encode()) > _LONGEST_NAME:
            raise ValueError("no name of a file")
        if any(str(folder) in sums for folder in path.parents):
            raise ValueError("a file that is a folder, too")
        if not isinstance(sha256, str) or not _SHA256.fullmatch(sha256):
            raise ValueError("no SHA-256")
    return sums


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
