"""What monitors are told of a running Peoria, and that doctor says the same."""

import asyncio
import shutil
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from bot.app import App, running
from bot.operations import checks, readiness
from bot.operations.doctor import examine
from bot.operations.findings import State
from bot.runtime.pulse import Pulse
from storage.engine.database import Database
from storage.tables import ModelVersion, Post, TrainingRun
from storage.types import PlatformName, RunState
from tests.fakes.clock import FakeClock
from tests.fakes.full_disk import full_database
from tests.fakes.visitor import Visitor, visiting
from tests.fixtures.rows import one_post, row


@pytest.fixture(autouse=True)
def asked_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers of the last two seconds are not given again."""
    monkeypatch.setattr(readiness, "_FRESH", -1.0)


async def doctor_says(app: App) -> dict[str, State]:
    found = await examine(app.core.settings, app.core.clock())
    return {each.part: each.state for each in found if each.state is not State.WELL}


async def ready(visitor: Visitor) -> tuple[int, dict[str, str]]:
    """The status, and the state of each part that is not well."""
    status, content = await visitor.json("/healthz")
    parts: dict[str, Any] = content.get("parts", {})
    assert content["ok"] is not bool(parts)
    assert all(each["sentence"].endswith((".", "?")) for each in parts.values())
    return status, {name: each["state"] for name, each in parts.items()}


async def test_all_is_well(ann: Visitor, app: App) -> None:
    assert await ann.json("/livez") == (200, {"alive": True})
    assert await ann.json("/healthz") == (200, {"ok": True})
    assert await doctor_says(app) == {}


async def test_a_deleted_database(ann: Visitor, app: App) -> None:
    file = app.core.settings.data_dir / "peoria.db"
    away = file.rename(file.with_name("away"))
    assert await ready(ann) == (503, {"database": "trouble"})
    assert (await ann.json("/livez"))[0] == 200
    assert await doctor_says(app) == {"database": State.TROUBLE}
    assert not file.exists()
    away.rename(file)
    assert await ready(ann) == (200, {})


async def test_a_full_disk(ann: Visitor, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(*_: object, **__: object) -> None:
        raise OperationalError("INSERT", {}, full_database())

    def disk_usage(_: object) -> Any:
        return shutil._ntuple_diskusage(10**9, 10**9, 0)  # type: ignore[attr-defined]

    monkeypatch.setattr(checks.shutil, "disk_usage", disk_usage)
    assert await ready(ann) == (503, {"disk": "trouble"})
    monkeypatch.setattr(Database, "run_write", full)
    assert await ready(ann) == (503, {"database": "trouble", "disk": "trouble"})
    assert await doctor_says(app) == {"database": State.TROUBLE, "disk": State.TROUBLE}


async def test_a_folder_that_takes_no_file(
    ann: Visitor, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(checks.tempfile, "TemporaryFile", refuse)
    status, content = await ann.json("/healthz")
    assert status == 503
    assert "Read-only file system" in content["parts"]["disk"]["sentence"]


async def test_damaged_files_of_the_champion(ann: Visitor, app: App) -> None:
    assert await ready(ann) == (200, {})
    (folder,) = app.core.settings.versions_dir.iterdir()
    (folder / "head.npz").write_bytes(b"damage")
    assert await ready(ann) == (503, {"champion": "trouble"})
    assert await doctor_says(app) == {"champion": State.TROUBLE}


async def test_a_platform_that_is_away_or_has_stopped(
    ann: Visitor, app: App, clock: FakeClock
) -> None:
    report = app.core.services.report("discord", "Discord")
    await report.waiting("ConnectionError: nobody answers", expected=True)
    assert await ready(ann) == (200, {"discord": "look"})
    clock.forward(11 * 60)
    assert await ready(ann) == (503, {"discord": "trouble"})
    assert await doctor_says(app) == {"discord": State.TROUBLE}
    await report.running()
    assert await ready(ann) == (200, {})
    await report.stopped("The token was revoked")
    assert await ready(ann) == (503, {"discord": "trouble"})


async def test_late_labels_and_a_failed_training(ann: Visitor, app: App, clock: FakeClock) -> None:
    async with app.core.database.write() as session:
        for each in one_post():
            if not isinstance(each, ModelVersion):
                session.add(each)
                await session.flush()
        (await session.get_one(Post, 1)).due_at = clock() - timedelta(hours=1)
        session.add(row(TrainingRun, state=RunState.FAILED, finished_at=clock(), reason="No."))
    found = {"due work": "look", "training": "trouble"}
    # Posts are still taken, predicted and answered.
    assert await ready(ann) == (200, found)
    assert (await doctor_says(app)).items() >= {**found}.items()


async def test_ticks_that_do_not_end(ann: Visitor, app: App) -> None:
    time = 0.0
    app.pulse.__init__(lambda: time)  # type: ignore[misc]
    app.pulse.expect("read_scores", every=2.0)
    assert await ready(ann) == (200, {})
    time = 1000.0
    status, content = await ann.json("/healthz")
    assert status == 503
    assert "read_scores for 1,000 s" in content["parts"]["ticks"]["sentence"]
    app.pulse.beat("read_scores")
    assert await ready(ann) == (200, {})


async def test_sentences_are_for_this_machine_only(ann: Visitor, app: App) -> None:
    await app.core.services.report("discord", "Discord").stopped("The token was revoked")
    async with ann.session.get(
        f"{ann.url}/healthz", headers={"X-Forwarded-For": "203.0.113.5"}
    ) as answer:
        assert answer.status == 503
        assert await answer.json() == {"ok": False, "parts": {"discord": {"state": "trouble"}}}


async def test_many_who_ask_at_once_make_the_checks_once(
    ann: Visitor, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = 0
    check = readiness.Readiness._check

    async def count(self: readiness.Readiness) -> Any:
        nonlocal made
        made += 1
        return await check(self)

    monkeypatch.setattr(readiness, "_FRESH", 60.0)
    monkeypatch.setattr(readiness.Readiness, "_check", count)
    await asyncio.gather(*(app.readiness.look() for _ in range(20)))
    assert made == 1


async def test_doctor_sees_the_process_while_it_runs(app: App, clock: FakeClock) -> None:
    async def process() -> tuple[State, str]:
        found = await examine(app.core.settings, clock())
        return next((each.state, each.sentence) for each in found if each.part == "process")

    assert (await process())[1].startswith("Peoria is not running")
    del app.platforms[PlatformName.REDDIT]
    async with running(app), visiting(app.platforms[PlatformName.WEB].url) as ann:  # type: ignore[attr-defined]
        assert (await process())[1].startswith("1 running; the last sign of life was 0 s ago")
        clock.forward(3600)
        state, sentence = await process()
        assert state is State.LOOK
        assert "was not stopped in order" in sentence
        # To ask is a sign of life.
        assert (await ann.json("/healthz"))[0] == 200
        assert (await process())[0] is State.WELL
    assert (await process())[1].startswith("Peoria is not running")


def test_a_pulse_is_missed_only_after_some_patience() -> None:
    time = 0.0
    pulse = Pulse(lambda: time)
    pulse.expect("a", every=100)
    time = 600.0
    assert pulse.silent() == {}
    time = 601.0
    assert pulse.silent() == {"a": 601.0}
    pulse.forget()
    assert pulse.silent() == {}
