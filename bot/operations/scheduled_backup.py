"""Backups that make themselves: at intervals, tried after they are written, and not too many."""

import asyncio
import logging
import re
import shutil
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.leases import Lease
from bot.operations.backup import Backup, back_up, folders_of, sqlite_file
from bot.operations.checks import TOO_LITTLE
from bot.operations.findings import Finding, State
from bot.operations.postgresql_dump import DUMP_ADVICE, dumps_here
from bot.operations.verify_backup import verify
from bot.runtime.clock import Clock
from bot.runtime.supervisor import ServiceReport, describe
from bot.settings import Settings
from storage.engine.database import Database
from storage.engine.faults import DATABASE_ERRORS
from storage.errors import ExpectedError
from storage.private import make_private_folder

log = logging.getLogger(__name__)

#: After one that failed, the next is tried after this long, seconds.
_AFTER_FAILURE = 3600.0
#: The newest backup is late when it is older than two intervals and this.
_LATE = timedelta(hours=1)

_NAME = re.compile(r"peoria-(\d{8}T\d{6})Z\.tar\.gz")
_TIME = "%Y%m%dT%H%M%S"


class NoRoomForBackup(ExpectedError):
    """A backup would fill the disk."""


class ScheduledBackup:
    """Makes a backup when the newest is old enough, tries it, and deletes the oldest ones.

    Args:
        settings: how often, where to, and how many are kept.
        database: of several processes that share it, one makes backups.
        report: is told how it went; tells the admins of a failure.
        clock: tells the time.
    """

    def __init__(
        self, settings: Settings, database: Database, report: ServiceReport, *, clock: Clock
    ) -> None:
        self._settings = settings
        self._lease = Lease(database, "backup")
        self._report = report
        self._clock = clock
        self._not_before = 0.0
        self._under_way = asyncio.Lock()

    async def back_up_if_due(self) -> bool:
        """Make a backup if one is due; return whether one was made."""
        return self._is_due() and await self._back_up(asked_for=False)

    def found(self) -> Mapping[Path, datetime]:
        """Those that are there, each with its time."""
        return backups_in(self._settings.backups_dir)

    async def back_up_now(self) -> bool:
        """The same for somebody who asks for one, due or not; one that is being made will do."""
        return await self._back_up(asked_for=True)

    async def _back_up(self, *, asked_for: bool) -> bool:
        # The lease is this process's for both: for who asks for one, and for the schedule.
        if self._under_way.locked():
            return False
        async with self._under_way:
            return await self._back_up_alone(asked_for=asked_for)

    async def _back_up_alone(self, *, asked_for: bool) -> bool:
        if not await self._lease.hold():
            return False
        try:
            # Another process may have made it since.
            if not (asked_for or self._is_due()):
                return False
            made = await asyncio.to_thread(self._make)
        except (ExpectedError, *DATABASE_ERRORS) as error:
            self._not_before = time.monotonic() + _AFTER_FAILURE
            log.error("The scheduled backup has failed: %s", error)  # noqa: TRY400 - it says all
            why = str(error) if isinstance(error, ExpectedError) else f"{describe(error)}."
            again = " It is tried again in an hour" if self._settings.backup_hours else ""
            await self._report.stopped(f"{why}{again}")
            return False
        finally:
            await self._lease.release()
        log.info("Backup: %s, %.1f MB.", made.file, made.bytes / 2**20)
        await self._report.running()
        return True

    def _is_due(self) -> bool:
        hours = self._settings.backup_hours
        if not hours or time.monotonic() < self._not_before:
            return False
        now = self._clock()
        # One of later than now was named by a clock that was wrong.
        done = [at for at in backups_in(self._settings.backups_dir).values() if at <= now]
        return not done or now - max(done) >= timedelta(hours=hours)

    def _make(self) -> Backup:
        settings, now = self._settings, self._clock()
        if sqlite_file(settings) is None and not dumps_here():
            raise ExpectedError(
                "PostgreSQL's tools pg_dump and pg_restore are not installed here, so that the"
                " database cannot be in a backup. Install them, or set PEORIA_BACKUP_HOURS=0 and"
                f" back it up by yourself. {DUMP_ADVICE}"
            )
        folder = settings.backups_dir
        make_private_folder(folder)
        self._look_for_room(folder)
        file = folder / f"peoria-{now.astimezone(UTC):{_TIME}}Z.tar.gz"
        made = back_up(settings, file, images=_with_images(settings), now=now)
        try:
            verify(settings, file)
        except ExpectedError:
            file.unlink(missing_ok=True)
            raise
        self._delete_old(folder, now)
        return made

    def _look_for_room(self, folder: Path) -> None:
        """A backup, and what it is unpacked to when it is tried, must not fill the disk."""
        settings = self._settings
        parts = [*folders_of(settings)]
        if not _with_images(settings):
            parts.remove(settings.images_dir)
        size = sum(path.stat().st_size for part in parts for path in part.rglob("*"))
        database = sqlite_file(settings)
        if database is not None and database.is_file():
            size += database.stat().st_size
        needed, free = 2 * size + TOO_LITTLE, shutil.disk_usage(folder).free
        if free < needed:
            raise NoRoomForBackup(
                f"A backup may need {needed / 2**20:,.0f} MB for a while, and"
                f" {free / 2**20:,.0f} MB are free for {folder}. Make room, or let"
                " PEORIA_BACKUP_DIR name a folder on another disk."
            )

    def _delete_old(self, folder: Path, now: datetime) -> None:
        ours = backups_in(folder)
        done = sorted((path for path, at in ours.items() if at <= now), reverse=True)
        for path in done[self._settings.backup_keep :]:
            path.unlink(missing_ok=True)
            log.info("%s is older than the backups that are kept, and is deleted.", path)


def _with_images(settings: Settings) -> bool:
    """Whether images are to be in a backup, and can be."""
    return settings.backup_images and settings.images_url is None


def backups_in(folder: Path) -> dict[Path, datetime]:
    """Backups that made themselves, each with its time; others are left alone."""
    found = {}
    for path in folder.glob("peoria-*"):
        match = _NAME.fullmatch(path.name)
        if match is not None:
            found[path] = datetime.strptime(match[1], _TIME).replace(tzinfo=UTC)
    return found


def backups_finding(settings: Settings, now: datetime) -> Finding:
    """Whether the newest backup is new enough."""
    hours, folder = settings.backup_hours, settings.backups_dir
    if not hours:
        sentence = "Peoria makes none by itself (PEORIA_BACKUP_HOURS)."
        return Finding("backups", State.WELL, sentence)
    done = sorted(at for at in backups_in(folder).values() if at <= now)
    if not done:
        sentence = f"None is in {folder} yet; Peoria makes one every {hours:g} hours while it runs."
        return Finding("backups", State.WELL, sentence)
    sentence = (
        f"The newest of {len(done)} in {folder} is of {done[-1]:%Y-%m-%d %H:%M} UTC; it was tried"
        " after it was written."
    )
    if settings.backup_images and settings.images_url is not None:
        sentence += f" PEORIA_BACKUP_IMAGES asks for images, which are in {settings.images_url}."
        return Finding("backups", State.LOOK, sentence)
    if now - done[-1] > 2 * timedelta(hours=hours) + _LATE:
        return Finding("backups", State.LOOK, f"{sentence} It is late: was Peoria running?")
    return Finding("backups", State.WELL, sentence)
