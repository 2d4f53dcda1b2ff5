"""Bringing a backup back: everything is checked first, and what was there is kept."""

import contextlib
import logging
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from bot.operations.backup import sqlite_file
from bot.operations.heartbeat import living
from bot.operations.postgresql_dump import check_dump, dumps_here, load_dump
from bot.operations.read_backup import DATABASE, DUMP, Contents, needed_bytes, unpack
from bot.operations.replaced_data import replaced_folder
from bot.settings import Settings
from storage.engine.database import Database
from storage.engine.migrate import HEAD, revision
from storage.errors import ExpectedError
from storage.private import make_private_folder
from storage.swap import Swap, finish_swap

log = logging.getLogger(__name__)

#: Room that stays free on the disk, bytes.
_SPARE = 64 * 2**20
_BESIDE = (f"{DATABASE}-wal", f"{DATABASE}-shm", f"{DATABASE}-journal")


class RestoreRefused(ExpectedError):
    """Nothing was changed; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What was brought back.

    Attributes:
        contents: what the backup held.
        kept_in: the folder with what was there before; None: there was nothing.
        has_dump: whether a PostgreSQL database was replaced.
    """

    contents: Contents
    kept_in: Path | None
    has_dump: bool


def restore(settings: Settings, file: Path, *, now: datetime) -> Restored:
    """Replace what is in the data folder by a backup. It takes a while: call it on a thread.

    Killed at whatever moment, either nothing has changed, or the next command that opens the data
    folder carries the exchange through.

    Args:
        settings: name the data folder and the database.
        file: the backup: an archive of `back_up`, or a copy of a SQLite database.
        now: aware; names the folder that keeps what was there.

    Raises:
        RestoreRefused: Peoria is running, there is no room, or the backup does not fit here.
        BackupDamaged, DatabaseTooNew, PeopleKeyRefused, DumpFailed: see `unpack`; nothing changed.
        OSError: the backup cannot be read, or the folder cannot be written; nothing changed.
    """
    data_dir = settings.data_dir
    make_private_folder(data_dir)
    finish_swap(data_dir)
    database = sqlite_file(settings)
    if database is not None and database.absolute() != (data_dir / DATABASE).absolute():
        raise RestoreRefused(
            f"PEORIA_DATABASE_URL names {database}, and a backup is brought back to"
            f" {data_dir / DATABASE}. Unset it for the restore, or copy the file by hand."
        )
    _refuse_if_open(data_dir / DATABASE)
    _refuse_without_room(file, data_dir)
    swap = Swap(data_dir)
    with swap.prepared():
        contents = unpack(file, swap.new, data_dir=data_dir, secret_key=settings.secret_key)
        _refuse_other_database(contents, database)
        if DATABASE in contents.names:
            _forget_processes(swap.new / DATABASE)
        has_dump = DUMP in contents.names
        if has_dump:
            check_dump(swap.new / DUMP)
        # Again: checking takes a while, and somebody may have started Peoria.
        _refuse_if_open(data_dir / DATABASE)
        if has_dump:
            load_dump(settings.url, swap.new / DUMP)
            (swap.new / DUMP).unlink()
        # The database last: until it is exchanged, its log of writes is still known as its own.
        names = sorted(
            (name for name in contents.names if name != DUMP), key=lambda name: name == DATABASE
        )
        keep_as = replaced_folder(now, lambda name: (data_dir / name).exists())
        without = _BESIDE if DATABASE in names else ()
        kept = swap.exchange(names, without=without, keep_as=keep_as)
    return Restored(contents, kept if kept.is_dir() else None, has_dump)


async def refuse_while_running(settings: Settings, now: datetime) -> None:
    """Refuse while a Peoria runs on the PostgreSQL database that a restore would replace.

    A SQLite file tells by itself whether somebody has it open.

    Raises:
        RestoreRefused: one does.
    """
    if sqlite_file(settings) is not None:
        return
    database = Database(settings.url)
    try:
        # A new database, and one of an older Peoria, know of no processes.
        if await revision(database) != HEAD:
            return
        running = await database.run_read(lambda session: living(session, now))
    except (DBAPIError, OSError) as error:
        # Where the backup goes with such a database, what loads it says why it cannot.
        log.info("Nobody can tell whether Peoria runs on the database: %s", error)
        return
    finally:
        await database.close()
    if running:
        raise RestoreRefused(
            f"{len(running)} Peoria is running on the database that would be replaced. Stop it"
            " first; nothing was changed."
        )


def _refuse_other_database(contents: Contents, database: Path | None) -> None:
    if DUMP in contents.names and database is not None:
        raise RestoreRefused(
            "The backup holds a PostgreSQL database, and PEORIA_DATABASE_URL names none. Set it to"
            " the database that is to be replaced."
        )
    if DATABASE in contents.names and database is None:
        raise RestoreRefused(
            "The backup holds a SQLite database, and PEORIA_DATABASE_URL names a PostgreSQL one."
            " Data is not moved between them: unset it."
        )
    if DUMP in contents.names and not dumps_here():
        raise RestoreRefused(
            "The backup holds a PostgreSQL database, and its tools pg_dump and pg_restore are not"
            " installed here. Install PostgreSQL's client programs."
        )


def _forget_processes(database: Path) -> None:
    """What a backup says of the processes that ran when it was made is of no use any more."""
    with closing(sqlite3.connect(database)) as connection:
        for table in ("processes", "services", "leases"):
            # Older databases lack some of them.
            with contextlib.suppress(sqlite3.OperationalError):
                connection.execute(f"DELETE FROM {table}")  # noqa: S608 - of the names above
        connection.commit()


def _refuse_if_open(database: Path) -> None:
    """Refuse while another program has the database open."""
    if not database.is_file():
        return
    try:
        with closing(sqlite3.connect(database, timeout=1, isolation_level=None)) as connection:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("ROLLBACK")
    except sqlite3.OperationalError as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise RestoreRefused(
                f"{database} is open in another program. Stop Peoria first; nothing was changed."
            ) from error
    except sqlite3.DatabaseError:
        # It is damaged: that may be why a backup is brought back.
        return


def _refuse_without_room(file: Path, data_dir: Path) -> None:
    needed = needed_bytes(file) + _SPARE
    free = shutil.disk_usage(data_dir).free
    if needed > free:
        raise RestoreRefused(
            f"The backup takes {needed / 2**20:,.0f} MB beside what is there, and"
            f" {free / 2**20:,.0f} MB are free for {data_dir}. Make room; nothing was changed."
        )
