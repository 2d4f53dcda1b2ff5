"""A copy of everything that cannot be made again, in one file; Peoria may be running."""

import io
import logging
import os
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import make_url

from bot.people.identity import KEY_FILE
from bot.settings import Settings
from models.registry import MANIFEST
from storage.errors import ExpectedError

log = logging.getLogger(__name__)

#: Names in the archive: those of a data folder.
_DATABASE, _NOTE = "peoria.db", "RESTORE.txt"


class BackupRefused(ExpectedError):
    """There is no backup; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup holds.

    Attributes:
        file: the archive.
        bytes: its size.
        has_database: False for PostgreSQL, which is backed up by its own means.
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
    meanwhile.

    Args:
        settings: name the database and the folders.
        file: ends in ``.tar``, or in ``.tar.gz`` to be compressed; it must not be there yet.
        images: whether image files are included.
        now: aware; written into the note.

    Raises:
        BackupRefused: ``file`` is there already, has another ending, or there is nothing to copy.
        OSError: the disk is full or cannot be written; nothing is left behind.
    """
    if not file.name.endswith((".tar", ".tar.gz")):
        raise BackupRefused("The name of a backup ends in .tar or .tar.gz.")
    if file.exists():
        raise BackupRefused(f"There is a file {file} already. Name another.")
    database = _sqlite_file(settings)
    if database is not None and not database.is_file():
        raise BackupRefused(f"There is nothing to back up: no database at {database}.")
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=".backup-")
    temporary = Path(name)
    try:
        # Readable by its owner only, as mkstemp makes it: the key of people's hashes is inside.
        with os.fdopen(descriptor, "wb") as stream:
            versions, pictures = _write(stream, file, settings, database, images, now)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.rename(file)
    finally:
        temporary.unlink(missing_ok=True)
    return Backup(file, file.stat().st_size, database is not None, versions, pictures)


def _sqlite_file(settings: Settings) -> Path | None:
    url = make_url(settings.url)
    if url.get_backend_name() != "sqlite" or url.database is None:
        return None
    return Path(url.database)


def _write(
    stream: io.BufferedIOBase,
    file: Path,
    settings: Settings,
    database: Path | None,
    images: bool,
    now: datetime,
) -> tuple[int, int]:
    with tarfile.open(fileobj=stream, mode="w:gz" if file.name.endswith(".gz") else "w") as archive:
        _add_text(archive, _NOTE, _note(settings, database is not None, images, now), now)
        if database is not None:
            with tempfile.TemporaryDirectory(dir=file.parent, prefix=".backup-") as folder:
                copy = Path(folder) / _DATABASE
                _copy_database(database, copy)
                archive.add(copy, _DATABASE)
        key = settings.data_dir / KEY_FILE
        if key.is_file():
            archive.add(key, KEY_FILE)
        versions = _add_folder(archive, settings.versions_dir, "models")
        _add_folder(archive, settings.backbones_dir, "backbones")
        pictures = _add_folder(archive, settings.images_dir, "images") if images else []
    return sum(Path(name).name == MANIFEST for name in versions), len(pictures)


def _copy_database(database: Path, copy: Path) -> None:
    """A consistent copy as of one moment, without the free pages; writers go on meanwhile."""
    with closing(sqlite3.connect(database, timeout=60)) as connection:
        connection.execute("VACUUM INTO ?", (str(copy),))


def _add_folder(archive: tarfile.TarFile, folder: Path, name: str) -> list[str]:
    """Add every file below a folder; those that are being made are left out."""
    added = []
    for path in _files(folder):
        inside = f"{name}/{path.relative_to(folder).as_posix()}"
        try:
            archive.add(path, inside)
        except FileNotFoundError:
            # Dropped after its retention time while the backup was written.
            log.info("%s was deleted meanwhile and is not in the backup.", path)
        else:
            added.append(inside)
    return added


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.is_file() and not hidden:
            yield path


def _add_text(archive: tarfile.TarFile, name: str, text: str, now: datetime) -> None:
    data = text.encode()
    info = tarfile.TarInfo(name)
    info.size, info.mtime, info.mode = len(data), int(now.timestamp()), 0o600
    archive.addfile(info, io.BytesIO(data))


def _note(settings: Settings, has_database: bool, images: bool, now: datetime) -> str:
    lines = [
        f"A backup of Peoria, made {now:%Y-%m-%d %H:%M} UTC.",
        "",
        "To restore it: stop Peoria, unpack this archive into an empty folder, set PEORIA_DATA_DIR",
        "to that folder, and start Peoria. It brings an older database up to date by itself.",
        "",
        "    mkdir restored && tar -xf BACKUP -C restored",
        "    PEORIA_DATA_DIR=restored python main.py doctor",
        "",
        f"Keep it to yourself: {KEY_FILE} is the key of the hashes that stand for people.",
    ]
    if settings.secret_key is not None:
        lines.append("That key is in PEORIA_SECRET_KEY here, which is not in this archive.")
    if not has_database:
        lines += ["", f"The database is not in it. {DUMP_ADVICE}"]
    elif settings.database_url:
        lines += ["", "PEORIA_DATABASE_URL was set: unset it, or let it name the restored file."]
    if not images:
        lines += ["", "Image files are not in it; embeddings are, so that training goes on."]
    return "\n".join(lines) + "\n"


#: What to do about a database that is not a file of ours.
DUMP_ADVICE = (
    "PostgreSQL is backed up with its own tool: `pg_dump --format=custom --file=peoria.dump NAME`."
    " To bring it back: `createdb NEW`, then"
    " `pg_restore --no-owner --single-transaction --dbname=NEW peoria.dump`."
)
