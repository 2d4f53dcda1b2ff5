"""Backups that make themselves."""

import asyncio
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.operations import scheduled_backup
from bot.operations.backup import back_up
from bot.operations.findings import State
from bot.operations.scheduled_backup import ScheduledBackup, backups_finding, backups_in
from bot.operations.verify_backup import verify
from bot.service_states import ServiceStates
from bot.settings import Settings
from storage.engine.database import Database
from storage.tables import Notice
from tests.fakes.clock import FakeClock

pytestmark = pytest.mark.sqlite

HOUR = 3600.0


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"backup_hours": 24.0, "backup_keep": 3})


@pytest.fixture
def backup(
    settings: Settings, database: Database, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> ScheduledBackup:
    monkeypatch.setattr(scheduled_backup, "_AFTER_FAILURE", 0.0)
    report = ServiceStates(database, clock=clock).report("backups", "The scheduled backup")
    return ScheduledBackup(settings, database, report, clock=clock)


def names(settings: Settings) -> list[str]:
    return sorted(path.name for path in settings.backups_dir.iterdir())


async def notices(database: Database) -> list[str]:
    async with database.read() as session:
        return list(await session.scalars(select(Notice.text).order_by(Notice.id)))


async def test_one_is_made_when_the_newest_is_old_enough_and_so_many_are_kept(
    backup: ScheduledBackup, settings: Settings, clock: FakeClock
) -> None:
    assert await backup.back_up_if_due()
    assert not await backup.back_up_if_due()
    clock.forward(23.9 * HOUR)
    assert not await backup.back_up_if_due()
    # One of somebody's own is none of ours.
    mine = settings.backups_dir / "peoria-mine.tar.gz"
    mine.write_text("mine")
    for _ in range(4):
        clock.forward(24 * HOUR)
        assert await backup.back_up_if_due()
    assert len(backups_in(settings.backups_dir)) == 3
    assert mine.read_text() == "mine"
    assert settings.backups_dir.stat().st_mode & 0o077 == 0
    newest = max(backups_in(settings.backups_dir))
    assert newest.stat().st_mode & 0o077 == 0
    assert verify(settings, newest).versions == 1


async def test_a_clock_that_was_wrong_for_a_while_stops_none(
    backup: ScheduledBackup, settings: Settings, clock: FakeClock
) -> None:
    clock.forward(1000 * HOUR)
    assert await backup.back_up_if_due()
    clock.forward(-1000 * HOUR)
    for _ in range(5):
        assert await backup.back_up_if_due()
        assert not await backup.back_up_if_due()
        clock.forward(24 * HOUR)
    # Those of today are not deleted for one of the future.
    assert len(names(settings)) == 4


async def test_a_failure_is_told_and_leaves_nothing(
    backup: ScheduledBackup,
    settings: Settings,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("bot.operations.backup.os.fsync", full)
        assert not await backup.back_up_if_due()
    assert names(settings) == []
    (notice,) = await notices(database)
    assert notice.startswith("The scheduled backup has stopped: OSError: [Errno 28] No space left")
    assert await backup.back_up_if_due()
    assert (await notices(database))[1] == "The scheduled backup runs again."


async def test_one_that_cannot_be_restored_is_not_kept(
    backup: ScheduledBackup, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = scheduled_backup.back_up

    def damaged(*arguments: object, **options: object) -> object:
        made = whole(*arguments, **options)  # type: ignore[arg-type]
        made.file.write_bytes(made.file.read_bytes()[:-1000])
        return made

    assert await backup.back_up_if_due()
    before = names(settings)
    monkeypatch.setattr(scheduled_backup, "back_up", damaged)
    monkeypatch.setattr(ScheduledBackup, "_is_due", lambda _: True)
    backup._clock.forward(1)  # type: ignore[attr-defined]
    assert not await backup.back_up_if_due()
    assert names(settings) == before


async def test_it_does_not_fill_the_disk(
    backup: ScheduledBackup, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduled_backup, "TOO_LITTLE", 2**60)
    assert not await backup.back_up_if_due()
    (notice,) = await notices(database)
    assert "PEORIA_BACKUP_DIR" in notice


async def test_zero_hours_are_never(
    settings: Settings, database: Database, clock: FakeClock
) -> None:
    never = settings.model_copy(update={"backup_hours": 0.0})
    report = ServiceStates(database, clock=clock).report("backups", "The scheduled backup")
    assert not await ScheduledBackup(never, database, report, clock=clock).back_up_if_due()
    assert backups_finding(never, clock()).state is State.WELL


async def test_two_processes_make_one(
    settings: Settings, database: Database, clock: FakeClock, backup: ScheduledBackup
) -> None:
    report = ServiceStates(database, clock=clock).report("backups", "The scheduled backup")
    other = ScheduledBackup(settings, database, report, clock=clock)
    await other._lease.hold()
    assert not await backup.back_up_if_due()
    await other._lease.release()
    assert await backup.back_up_if_due()


async def test_one_that_is_asked_for_while_one_is_made_is_that_one(
    settings: Settings, backup: ScheduledBackup, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = back_up
    begun, go_on = threading.Event(), threading.Event()

    def slow(*arguments: object, **options: object) -> object:
        begun.set()
        go_on.wait(30)
        return whole(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(scheduled_backup, "back_up", slow)
    made = asyncio.create_task(backup.back_up_if_due())
    assert await asyncio.to_thread(begun.wait, 30)
    assert not await backup.back_up_now()
    assert backup._lease.held, "nobody else may begin one"
    go_on.set()
    assert await made
    assert len(names(settings)) == 1


async def test_one_that_was_asked_for_is_not_said_to_be_tried_again_where_none_are_made(
    settings: Settings, database: Database, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduled_backup, "TOO_LITTLE", 2**60)
    never = settings.model_copy(update={"backup_hours": 0.0})
    report = ServiceStates(database, clock=clock).report("backups", "The scheduled backup")
    assert not await ScheduledBackup(never, database, report, clock=clock).back_up_now()
    (notice,) = await notices(database)
    assert notice.endswith("on another disk.")


def test_a_late_one_is_to_be_looked_at(
    settings: Settings, clock: FakeClock, tmp_path: Path
) -> None:
    there = settings.model_copy(update={"backup_dir": tmp_path / "b"})
    assert backups_finding(there, clock()).state is State.WELL
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / f"peoria-{clock():%Y%m%dT%H%M%S}Z.tar.gz").touch()
    assert backups_finding(there, clock() + timedelta(hours=48)).state is State.WELL
    assert backups_finding(there, clock() + timedelta(hours=50)).state is State.LOOK
