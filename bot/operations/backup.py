"""A copy of everything that cannot be made again, in one file; Peoria may be running."""

import hashlib
import io
import logging
import os
import re
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

import psutil
from sqlalchemy import make_url

from bot.operations.postgresql_dump import DUMP_ADVICE, dump, dumps_here
from bot.operations.read_backup import DATABASE, DUMP, FOLDERS, NOTE, SUMS
from bot.people.identity import KEY_FILE
from bot.runtime.subprocesses import is_running
from bot.settings import Settings
from models.registry import MANIFEST
from storage.engine.faults import storage_fault
from storage.errors import ExpectedError
from storage.swap import finish_swap

log = logging.getLogger(__name__)

#: What is written until a backup is whole: the process that writes it, and when that was started.
_PARTIAL = re.compile(r"\.backup-(\d+)-(\d+)-")


class BackupRefused(ExpectedError):
    """There is no backup; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup holds.

    Attributes:
        file: the archive.
        bytes: its size.
        has_database: False where a PostgreSQL database has to be backed up by its own means.
        versions: model versions in it.
        images: image files in it.
    """

    file: Path
    bytes: int
    has_database: bool
    versions: int
    images: int


def back_up(settings: Settings, file: Path, *, images: bool, now: datetime) -> Backup:
    """Write a backup to ``file``, whole or not at all. It takes a while: call it on a thread.

    The database is copied first, as of one moment. Files that it refers to exist only when they
    are complete, so every version that it knows is in the archive, too, unless it was dropped
    meanwhile. The checksums of all files are the last one in it.

    Args:
        settings: name the database and the folders.
        file: ends in ``.tar``, or in ``.tar.gz`` to be compressed; it must not be there yet.
        images: whether image files are included; those in an object store cannot be.
        now: aware; written into the note.

    Raises:
        BackupRefused: ``file`` is there already, has another ending, there is nothing to copy, the
            database cannot be copied, or images are asked for that are in an object store.
        OSError: the disk is full or cannot be written; nothing is left behind.
    """
    if images and settings.images_url is not None:
        raise BackupRefused(
            f"Images are in {settings.images_url}, and are in no backup. To have them in a folder,"
            " too: `main.py images move --to FOLDER`."
        )
    if not file.name.endswith((".tar", ".tar.gz")):
        raise BackupRefused("The name of a backup ends in .tar or .tar.gz.")
    if file.exists():
        raise BackupRefused(f"There is a file {file} already. Name another.")
    finish_swap(settings.data_dir)
    database = sqlite_file(settings)
    if database is not None and not database.is_file():
        raise BackupRefused(f"There is nothing to back up: no database at {database}.")
    remove_partial(file.parent)
    with partial_folder(file.parent) as folder:
        temporary = folder / "archive"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        # Readable by its owner only: the key of people's hashes is inside.
        with os.fdopen(descriptor, "wb") as stream:
            copy = _copy_database(settings, database, folder)
            archive = _Archive(stream, compressed=file.name.endswith(".gz"))
            archive.fill(settings, copy, images=images, now=now)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.rename(file)
    return Backup(
        file, file.stat().st_size, copy is not None, archive.count(MANIFEST), archive.images
    )


@contextmanager
def partial_folder(parent: Path) -> Iterator[Path]:
    """A temporary folder that is told from one of a process that was killed."""
    started = int(psutil.Process().create_time())
    prefix = f".backup-{os.getpid()}-{started}-"
    with tempfile.TemporaryDirectory(dir=parent, prefix=prefix) as folder:
        yield Path(folder)


def remove_partial(folder: Path) -> None:
    """Delete what was left in a folder by backups, and checks of them, that were killed."""
    for path in folder.glob(".backup-*"):
        found = _PARTIAL.match(path.name)
        if found is None or is_running(int(found[1]), float(found[2])):
            continue
        log.info("%s is what a backup left that was cut short, and is deleted.", path)
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def folders_of(settings: Settings) -> tuple[Path, Path, Path, Path]:
    """The folders of a backup, in the order of their names in it (`FOLDERS`)."""
    return (
        settings.versions_dir,
        settings.backbones_dir,
        settings.finetuned_dir,
        settings.images_dir,
    )


def sqlite_file(settings: Settings) -> Path | None:
    """The file of the database; None: it is PostgreSQL's."""
    url = make_url(settings.url)
    if url.get_backend_name() != "sqlite" or url.database is None:
        return None
    return Path(url.database)


def _copy_database(settings: Settings, database: Path | None, folder: Path) -> Path | None:
    """A consistent copy as of one moment; writers go on meanwhile. None: there is no way here."""
    if database is None:
        if not dumps_here():
            return None
        copy = folder / DUMP
        dump(settings.url, copy)
        return copy
    copy = folder / DATABASE
    try:
        # Without the free pages.
        with closing(sqlite3.connect(database, timeout=60)) as connection:
            connection.execute("VACUUM INTO ?", (str(copy),))
    except sqlite3.DatabaseError as error:
        fault = storage_fault(error)
        advice = f" {fault.advice}" if fault else " `main.py doctor` says how it is."
        raise BackupRefused(
            f"The database {database} could not be copied: {error}.{advice}"
        ) from error
    return copy


class _Archive:
    """An archive that is being written, and the checksum of each file in it."""

    def __init__(self, stream: IO[bytes], *, compressed: bool) -> None:
        self._tar = tarfile.open(  # noqa: SIM115 - closed by `fill`
            fileobj=stream, mode="w:gz" if compressed else "w"
        )
        self._sums: dict[str, str] = {}

    @property
    def images(self) -> int:
        """How many image files are in it."""
        return sum(name.startswith("images/") for name in self._sums)

    def count(self, name: str) -> int:
        """How many files of a name are in it, in whatever folder."""
        return sum(Path(each).name == name for each in self._sums)

    def fill(self, settings: Settings, copy: Path | None, *, images: bool, now: datetime) -> None:
        """Write everything, and the end."""
        with self._tar:
            self._add_text(NOTE, _note(settings, copy, images, now), now)
            if copy is not None:
                self._add(copy, copy.name)
            for key in sorted(settings.data_dir.glob("*.key")):
                self._add(key, key.name)
            for name, folder in zip(FOLDERS, folders_of(settings), strict=True):
                if images or folder != settings.images_dir:
                    self._add_folder(folder, name)
            sums = "".join(f"{digest}  {name}\n" for name, digest in self._sums.items())
            self._add_text(SUMS, sums, now)

    def _add_folder(self, folder: Path, name: str) -> None:
        """Add every file below a folder; those that are being made are left out."""
        for path in _files(folder):
            try:
                self._add(path, f"{name}/{path.relative_to(folder).as_posix()}")
            except FileNotFoundError:
                # Dropped after its retention time while the backup was written.
                log.info("%s was deleted meanwhile and is not in the backup.", path)

    def _add(self, path: Path, name: str) -> None:
        with path.open("rb") as file:
            info = self._tar.gettarinfo(arcname=name, fileobj=file)
            # Nothing is told of the accounts of this machine.
            info.uid = info.gid = 0
            info.uname = info.gname = ""
            info.mode = 0o600
            reader = _Hashing(file)
            self._tar.addfile(info, reader)
        self._sums[name] = reader.digest.hexdigest()

    def _add_text(self, name: str, text: str, now: datetime) -> None:
        data = text.encode()
        info = tarfile.TarInfo(name)
        info.size, info.mtime, info.mode = len(data), int(now.timestamp()), 0o600
        self._tar.addfile(info, io.BytesIO(data))
        self._sums[name] = hashlib.sha256(data).hexdigest()


class _Hashing(io.RawIOBase):
    """Counts the SHA-256 of what is read from a file."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.digest.update(data)
        return data


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.is_file() and not hidden:
            yield path


def _note(settings: Settings, copy: Path | None, images: bool, now: datetime) -> str:
    lines = [
        f"A backup of Peoria, made {now:%Y-%m-%d %H:%M} UTC.",
        "",
        "To restore it: stop Peoria, then",
        "",
        "    python main.py restore BACKUP",
        "    python main.py doctor",
        "",
        f"Everything is checked by {SUMS} before anything is replaced, and what was there before",
        "is kept. An older database is brought up to date at the next start. By hand: unpack the",
        "archive into an empty folder, set PEORIA_DATA_DIR to that folder, and start Peoria.",
        "",
        f"Keep it to yourself: {KEY_FILE} is the key of the hashes that stand for people.",
    ]
    if settings.secret_key is not None:
        lines.append("That key is in PEORIA_SECRET_KEY here, which is not in this archive.")
    if copy is None:
        lines += ["", f"The database is not in it. {DUMP_ADVICE}"]
    elif copy.name == DUMP:
        lines += ["", f"{DUMP} is the PostgreSQL database, in the format of pg_dump."]
    elif settings.database_url:
        lines += ["", "PEORIA_DATABASE_URL was set: unset it, or let it name the restored file."]
    if settings.images_url is not None:
        lines += ["", f"Image files are not in it: they are in {settings.images_url}."]
    elif not images:
        lines += ["", "Image files are not in it; embeddings are, so that training goes on."]
    return "\n".join(lines) + "\n"
