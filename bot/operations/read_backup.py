"""Reading a backup: unpacking it with every check, so that what comes out can be relied on."""

import gzip
import hashlib
import os
import sqlite3
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO

from pydantic import SecretStr
from sqlalchemy import URL, create_engine
from sqlalchemy.orm import Session

from bot.people.identity import KEY_FILE, find_key
from bot.people.key_check import check_key, known_fingerprint
from models.registry import MANIFEST
from storage.engine.migrate import DatabaseTooNew, known_revisions
from storage.errors import ExpectedError

#: Names in the archive: those of a data folder, a note for people, and the checksums of the rest.
DATABASE, DUMP, NOTE, SUMS = "peoria.db", "peoria.dump", "RESTORE.txt", "SHA256SUMS"
#: The folders in it.
FOLDERS = ("models", "backbones", "finetuned", "images")

_CHUNK = 2**20
_SQLITE = b"SQLite format 3\x00"


class BackupDamaged(ExpectedError):
    """A backup cannot be used; the message says why. Nothing was changed."""

    def __init__(self, file: Path, why: str) -> None:
        super().__init__(f"{file} cannot be restored: {why}. Take another backup.")


@dataclass(frozen=True, slots=True)
class Contents:
    """What a backup holds, all of it checked.

    Attributes:
        names: what it holds at the top: files and folders of a data folder.
        revision: the migration that its database is at; None: it holds no database file.
        posts: posts in that database.
        versions: model versions.
        images: image files.
        has_sums: whether checksums were there to check; older backups have none.
    """

    names: tuple[str, ...]
    revision: str | None
    posts: int
    versions: int
    images: int
    has_sums: bool


@dataclass(slots=True)
class _Unpacked:
    sums: dict[str, str] = field(default_factory=dict)
    wanted: dict[str, str] | None = None
    note: str = ""


def needed_bytes(file: Path) -> int:
    """How much room a backup takes when it is unpacked, bytes.

    Raises:
        BackupDamaged: it cannot be read.
    """
    if _is_database(file):
        return file.stat().st_size
    with _opened(file) as archive:
        return sum(max(member.size, 0) for member in archive)


def unpack(file: Path, folder: Path, *, data_dir: Path, secret_key: SecretStr | None) -> Contents:
    """Unpack a backup into an empty folder and check all of it.

    The copy of a database that an upgrade leaves (``peoria.db.version-0005``) is a backup, too: of
    the database alone.

    Args:
        file: the archive, or a SQLite file.
        folder: where its files are put, under their names in a data folder.
        data_dir: holds the key of people's hashes where the backup does not.
        secret_key: the key that is set, if one is.

    Raises:
        BackupDamaged: something in it is damaged, missing, or of no backup of ours.
        DatabaseTooNew: it is of a newer Peoria.
        PeopleKeyRefused: its database goes with another key.
        OSError: there is no room, or the folder cannot be written.
    """
    if _is_database(file):
        _copy(file, folder / DATABASE)
        has_sums = False
    else:
        has_sums = _extract(file, folder)
    names = tuple(sorted(path.name for path in folder.iterdir()))
    revision, posts = None, 0
    if DATABASE in names:
        revision, posts = _check_database(file, folder / DATABASE)
        key = find_key(folder if KEY_FILE in names else data_dir, secret_key)
        check_key(_fingerprint(folder / DATABASE), key, data_dir)
    return Contents(
        names,
        revision,
        posts,
        versions=len([*(folder / "models").glob(f"*/{MANIFEST}")]),
        images=len([*(folder / "images").glob("??/*")]),
        has_sums=has_sums,
    )


def _is_database(file: Path) -> bool:
    with file.open("rb") as stream:
        return stream.read(len(_SQLITE)) == _SQLITE


@contextmanager
def _opened(file: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(file) as archive:
            yield archive
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        # What follows the first line is about each way of reading archives.
        said = str(error).partition("\n")[0].rstrip(":")
        raise BackupDamaged(file, f"it is no archive, or a damaged one ({said})") from error


def _extract(file: Path, folder: Path) -> bool:
    """Write the files of an archive; return whether checksums were there and are right."""
    done = _Unpacked()
    with _opened(file) as archive:
        for member in archive:
            if member.isdir():
                continue
            _check_name(file, member)
            source = archive.extractfile(member)
            if source is None:
                raise BackupDamaged(file, f"{member.name} in it is no file")
            if member.name in (NOTE, SUMS):
                text = source.read(2**26).decode("utf-8", "replace")
                if member.name == NOTE:
                    done.note = text
                    done.sums[NOTE] = hashlib.sha256(text.encode()).hexdigest()
                else:
                    done.wanted = dict(_lines(text))
                continue
            target = folder.joinpath(*PurePosixPath(member.name).parts)
            try:
                target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                out = target.open("xb")
            except (FileExistsError, NotADirectoryError, ValueError) as error:
                raise BackupDamaged(file, f"it holds {member.name!r} twice") from error
            with out:
                done.sums[member.name] = _write(file, member, source, out)
            target.chmod(0o600)
    _compare(file, done)
    return done.wanted is not None


def _check_name(file: Path, member: tarfile.TarInfo) -> None:
    parts = PurePosixPath(member.name).parts
    known = len(parts) == 1 and (
        parts[0] in (DATABASE, DUMP, NOTE, SUMS) or PurePosixPath(parts[0]).suffix == ".key"
    )
    below = len(parts) > 1 and parts[0] in FOLDERS
    odd = any(part in ("..", "/") or part.startswith(".") or "\\" in part for part in parts)
    if not member.isreg() or odd or not (known or below):
        raise BackupDamaged(file, f"it holds {member.name!r}, which no backup of Peoria holds")


def _write(file: Path, member: tarfile.TarInfo, source: IO[bytes], out: IO[bytes]) -> str:
    """Copy a member; return its SHA-256."""
    digest, left = hashlib.sha256(), member.size
    while left and (piece := source.read(min(_CHUNK, left))):
        digest.update(piece)
        out.write(piece)
        left -= len(piece)
    if left:
        raise BackupDamaged(file, f"{member.name} in it is cut short")
    out.flush()
    os.fsync(out.fileno())
    return digest.hexdigest()


def _lines(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        digest, _, name = line.partition("  ")
        yield name, digest


def _compare(file: Path, done: _Unpacked) -> None:
    if done.wanted is None:
        if SUMS in done.note:
            raise BackupDamaged(file, "its end is missing")
        if not done.sums:
            raise BackupDamaged(file, "there is nothing of Peoria in it")
        return
    missing = sorted(done.wanted.keys() - done.sums.keys())
    if missing:
        raise BackupDamaged(file, f"{missing[0]} is not in it any more")
    for name, digest in done.sums.items():
        if done.wanted.get(name) != digest:
            raise BackupDamaged(file, f"{name} in it is not what was backed up")


def _copy(file: Path, target: Path) -> None:
    """Copy a SQLite file as of one moment, with what its log of writes holds."""
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as source:
            source.execute("VACUUM INTO ?", (str(target),))
    except sqlite3.DatabaseError as error:
        raise BackupDamaged(file, f"the database is damaged ({error})") from error
    target.chmod(0o600)


def _check_database(file: Path, database: Path) -> tuple[str, int]:
    """The migration a database is at, and how many posts it holds."""
    try:
        with closing(sqlite3.connect(database)) as connection:
            (said,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
            broken = connection.execute("PRAGMA foreign_key_check").fetchone()
            (revision,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            (posts,) = connection.execute("SELECT count(*) FROM posts").fetchone()
    except (sqlite3.DatabaseError, TypeError) as error:
        raise BackupDamaged(file, f"the database in it is none of Peoria's ({error})") from error
    if said != "ok" or broken is not None:
        # What follows the first lines is about each page that is wrong.
        why = " ".join(str(said).split())
        raise BackupDamaged(file, f"the database in it is damaged ({why})")
    if revision not in known_revisions():
        raise DatabaseTooNew(str(revision))
    return str(revision), int(posts)


def _fingerprint(database: Path) -> str | None:
    """The fingerprint of the key that a database goes with; None: it is of before there was one."""
    engine = create_engine(URL.create("sqlite", database=str(database)))
    try:
        with Session(engine) as session:
            connection = session.connection()
            has = connection.exec_driver_sql(
                "SELECT 1 FROM sqlite_master WHERE name = 'installation'"
            ).scalar()
            return known_fingerprint(session) if has else None
    finally:
        engine.dispose()
