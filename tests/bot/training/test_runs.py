import asyncio
import json
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
from sqlalchemy import select, text

from bot.core import Core
from bot.training.child import TrainingLimits
from bot.training.run_table import RunUnderWay
from bot.training.runs import TrainingRuns
from bot.training.versions import add_version, list_versions, make_champion
from models.registry import Manifest
from storage.tables import Embedding, Label, ModelVersion, Notice, PostImage, TrainingRun
from storage.types import RunState
from tests.fakes import trainer
from tests.fakes.clock import FakeClock
from tests.fixtures.rows import one_post, row

LIMITS = TrainingLimits(seconds=60, memory_mb=2000, min_labels=60)

Trained = Callable[..., TrainingRuns]


@pytest.fixture
def trained(core: Core, clock: FakeClock, tmp_path: Path) -> Trained:
    """A `TrainingRuns` whose child is the fake one, in some mode."""

    def make(mode: str, **limits: Any) -> TrainingRuns:
        return TrainingRuns(
            core.database, core.settings.versions_dir, replace(LIMITS, **limits), clock=clock,
            command=(sys.executable, "-m", trainer.__name__, mode, str(tmp_path)),
        )  # fmt: skip

    return make


async def champion(core: Core) -> str:
    async with core.database.read() as session:
        query = select(ModelVersion.name).where(ModelVersion.is_champion)
        return (await session.scalars(query)).one()


async def runs(core: Core) -> list[TrainingRun]:
    async with core.database.read() as session:
        return list(await session.scalars(select(TrainingRun).order_by(TrainingRun.id)))


async def nothing_changed(core: Core, before: str) -> None:
    assert await champion(core) == before
    assert len(await list_versions(core.database)) == 1


@pytest.fixture
async def before(core: Core) -> str:
    """The champion at the start."""
    return await champion(core)


async def test_a_better_version_is_promoted(
    core: Core, trained: Trained, before: str, clock: FakeClock
) -> None:
    steps: list[dict[str, Any]] = []
    run = await trained("promotes").run(asked_by="command", on_progress=steps.append)
    assert (run.state, run.reason, run.evidence) == (RunState.PROMOTED, "Better.", {"p": 0.97})
    assert (run.asked_by, run.finished_at) == ("command", clock())
    assert await champion(core) == trainer.NAME
    assert [step["stage"] for step in steps] == ["reading", "fitting"]
    assert run.progress is not None
    versions = {version.name: version for version in await list_versions(core.database)}
    new = versions[trainer.NAME]
    assert (new.id, new.labels, new.metrics) == (run.model_version_id, 77, {"rps": 0.1})
    assert new.replaced_id == versions[before].id
    assert (await core.serving.champion()).name == trainer.NAME


async def test_a_version_that_is_not_better_is_kept(
    core: Core, trained: Trained, before: str
) -> None:
    run = await trained("keeps").run(asked_by="command")
    assert (run.state, run.reason) == (RunState.KEPT, "Not better.")
    assert await champion(core) == before
    assert [each.name for each in await list_versions(core.database)] == [before, trainer.NAME]


async def test_a_champion_that_came_meanwhile_is_not_replaced(
    core: Core, trained: Trained, clock: FakeClock
) -> None:
    manifest = Manifest("v-other", clock(), "c" * 64, 1, None, 0, {})

    async def crown() -> None:
        async with core.database.write() as session:
            await make_champion(session, add_version(session, manifest), clock())

    crowning: list[asyncio.Task[None]] = []

    def on_progress(_: dict[str, Any]) -> None:
        if not crowning:
            crowning.append(asyncio.create_task(crown()))

    run = await trained("promotes").run(asked_by="command", on_progress=on_progress)
    assert run.state is RunState.KEPT
    assert run.reason is not None
    assert "v-other became champion meanwhile" in run.reason
    assert await champion(core) == "v-other"


async def test_chatter_of_libraries_is_not_listened_to(core: Core, trained: Trained) -> None:
    run = await trained("chatters").run(asked_by="command")
    assert run.state is RunState.PROMOTED


async def test_a_refusal_is_recorded_in_its_words(
    core: Core, trained: Trained, before: str
) -> None:
    run = await trained("refuses").run(asked_by="board")
    assert (run.state, run.reason) == (
        RunState.REFUSED, "Only 3 labels; at least 60 are needed.",
    )  # fmt: skip
    await nothing_changed(core, before)


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("fails", "status 1: RuntimeError: the network is not a network"),
        ("ends at once", "status 7: no word"),
        ("says nothing", "status 0: no word"),
        ("mumbles", "status 0"),
        ("forgets", "status 0"),
        ("floods", "line without end"),
        ("lies", "v-other cannot be read"),
        ("dies", "killed. The system does that when memory runs out"),
        ("crashes", "ended by signal 6"),
        ("fills the disk", "The disk is full"),
        ("runs out of memory", "Memory ran out"),
    ],
)
async def test_a_run_that_fails_changes_nothing(
    core: Core, trained: Trained, before: str, mode: str, words: str
) -> None:
    run = await trained(mode).run(asked_by="command")
    assert run.state is RunState.FAILED
    assert run.reason is not None
    assert words in run.reason
    assert run.finished_at is not None
    await nothing_changed(core, before)
    # And it stands in nobody's way.
    assert (await trained("refuses").run(asked_by="command")).state is RunState.REFUSED


async def test_a_run_that_hangs_is_stopped(
    core: Core, trained: Trained, before: str, tmp_path: Path
) -> None:
    run = await trained("hangs", seconds=1.5).run(asked_by="command")
    assert run.state is RunState.FAILED
    assert run.reason is not None
    assert "PEORIA_TRAIN_MINUTES" in run.reason
    assert not psutil.pid_exists(int((tmp_path / "pid").read_text()))
    await nothing_changed(core, before)


async def test_a_run_that_takes_too_much_memory_is_stopped(
    core: Core, trained: Trained, before: str
) -> None:
    run = await trained("eats", memory_mb=200).run(asked_by="command")
    assert run.state is RunState.FAILED
    assert run.reason is not None
    assert "PEORIA_TRAIN_MEMORY_MB" in run.reason
    await nothing_changed(core, before)


async def test_a_run_that_is_cancelled_ends_its_child(
    core: Core, trained: Trained, before: str, tmp_path: Path
) -> None:
    started = asyncio.Event()
    task = asyncio.create_task(
        trained("hangs").run(asked_by="board", on_progress=lambda _: started.set())
    )
    await started.wait()
    with pytest.raises(RunUnderWay, match="under way already"):
        await trained("promotes").run(asked_by="command")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    (run,) = await runs(core)
    assert (run.state, run.reason) == (RunState.FAILED, "The process that ran it was stopped.")
    assert not psutil.pid_exists(int((tmp_path / "pid").read_text()))
    await nothing_changed(core, before)


async def leave_running(
    core: Core, clock: FakeClock, pid: int, pid_started: float | None = None
) -> None:
    async with core.database.write() as session:
        session.add(
            TrainingRun(
                state=RunState.RUNNING, asked_by="board", started_at=clock(), pid=pid,
                pid_started=pid_started,
            )
        )  # fmt: skip


async def dead_process() -> int:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", "")
    await process.wait()
    return process.pid


async def test_a_run_whose_process_was_killed_is_buried(
    core: Core, trained: Trained, clock: FakeClock
) -> None:
    await leave_running(core, clock, await dead_process())
    clock.forward(5)
    await trained("refuses").run(asked_by="command")
    killed, after = await runs(core)
    assert (killed.state, killed.finished_at) == (RunState.FAILED, clock())
    assert killed.reason == "The process that ran it was killed."
    assert after.state is RunState.REFUSED


async def test_a_run_far_over_its_time_is_buried_even_if_its_number_lives_on(
    core: Core, trained: Trained, clock: FakeClock
) -> None:
    await leave_running(core, clock, os.getppid())
    with pytest.raises(RunUnderWay):
        await trained("refuses").run(asked_by="command")
    clock.now += timedelta(seconds=2 * LIMITS.seconds + 1)
    assert (await trained("refuses").run(asked_by="command")).state is RunState.REFUSED
    assert [run.state for run in await runs(core)] == [RunState.FAILED, RunState.REFUSED]


async def test_a_run_is_buried_when_its_number_went_to_another_process(
    core: Core, trained: Trained, clock: FakeClock
) -> None:
    alive = psutil.Process(os.getppid())
    await leave_running(core, clock, alive.pid, alive.create_time() - 60)
    assert (await trained("refuses").run(asked_by="command")).state is RunState.REFUSED
    await leave_running(core, clock, alive.pid, alive.create_time())
    with pytest.raises(RunUnderWay):
        await trained("refuses").run(asked_by="command")


async def test_a_run_that_this_process_knows_nothing_of_is_buried(
    core: Core, trained: Trained, clock: FakeClock
) -> None:
    """As after a container was started again: the process has the same number as the one before."""
    await leave_running(core, clock, os.getpid(), psutil.Process().create_time())
    await trained("refuses").reap_dead_run()
    (run,) = await runs(core)
    assert (run.state, run.reason) == (RunState.FAILED, "The process that ran it was killed.")


async def test_a_run_under_way_is_not_buried(core: Core, trained: Trained, tmp_path: Path) -> None:
    training = trained("waits")
    asked = await training.start_or_join(asked_by="board")
    await trained("refuses").reap_dead_run()
    assert (await runs(core))[0].state is RunState.RUNNING
    (tmp_path / "go").touch()
    assert (await training.wait_for(asked.run_id)).state is RunState.PROMOTED


async def test_a_requested_run_leaves_out_what_decides_nothing(
    trained: Trained, tmp_path: Path
) -> None:
    training = trained("tells")
    asked = await training.start_or_join(asked_by="schedule")
    await training.wait_for(asked.run_id)
    task, _ = json.loads((tmp_path / "task").read_text())
    assert task["options"] == {"comparisons": "none"}


async def test_requests_that_overlap_become_one_run(
    core: Core, trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.training.runs._POLL_SECONDS", 0.01)
    training, elsewhere = trained("waits"), trained("refuses")
    first = await training.start_or_join(asked_by="schedule")
    assert not first.joined
    again = await asyncio.gather(
        training.start_or_join(asked_by="board"), elsewhere.start_or_join(asked_by="command")
    )
    assert [each.run_id for each in again] == [first.run_id] * 2
    assert all(each.joined for each in again)
    steps: list[dict[str, Any]] = []
    seen = asyncio.Event()

    def on_progress(step: dict[str, Any]) -> None:
        steps.append(step)
        seen.set()

    waiting = [
        asyncio.create_task(training.wait_for(first.run_id)),
        # Stands for another process: it knows of the run by the tables alone.
        asyncio.create_task(elsewhere.wait_for(first.run_id, on_progress=on_progress)),
    ]
    await seen.wait()
    (tmp_path / "go").touch()
    ended = await asyncio.gather(*waiting)
    assert [run.state for run in ended] == [RunState.PROMOTED] * 2
    assert steps == [{"stage": "fitting", "done": 1, "total": 2, "epoch": 1, "loss": 2.3}]
    assert len(await runs(core)) == 1


async def test_who_gives_up_waiting_does_not_end_the_run(
    core: Core, trained: Trained, tmp_path: Path
) -> None:
    training = trained("waits")
    asked = await training.start_or_join(asked_by="discord")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await training.wait_for(asked.run_id)
    (tmp_path / "go").touch()
    assert (await training.wait_for(asked.run_id)).state is RunState.PROMOTED


async def test_closing_ends_what_was_begun(
    core: Core, trained: Trained, before: str, tmp_path: Path
) -> None:
    training = trained("hangs")
    asked = await training.start_or_join(asked_by="board")
    await training.close()
    run = await training.wait_for(asked.run_id)
    assert (run.state, run.reason) == (RunState.FAILED, "The process that ran it was stopped.")
    await nothing_changed(core, before)


async def test_what_came_of_a_run_is_told_to_the_admins(
    core: Core, trained: Trained, tmp_path: Path
) -> None:
    for mode in ("refuses", "fails", "promotes"):
        await trained(mode).run(asked_by="schedule")
    async with core.database.read() as session:
        texts = list(await session.scalars(select(Notice.text).order_by(Notice.id)))
    failed, promoted = texts
    assert failed.startswith("Retraining failed, and nothing was changed: The training process")
    assert failed.endswith("RuntimeError: the network is not a network")
    assert promoted == f"Retrained: {trainer.NAME} serves from now on. Better."


@pytest.mark.sqlite
async def test_a_database_that_cannot_take_progress_does_not_end_a_run(
    core: Core, trained: Trained, caplog: pytest.LogCaptureFixture
) -> None:
    async with core.database.write() as session:
        await session.execute(
            text(
                "CREATE TRIGGER full BEFORE UPDATE OF progress ON training_runs"
                " BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
            )
        )
    run = await trained("promotes").run(asked_by="command")
    assert run.state is RunState.PROMOTED
    assert "database or disk is full" in caplog.text


@pytest.mark.sqlite
async def test_a_database_that_cannot_take_the_version_fails_the_run(
    core: Core, trained: Trained, before: str
) -> None:
    async with core.database.write() as session:
        await session.execute(
            text(
                "CREATE TRIGGER full BEFORE INSERT ON model_versions"
                " BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
            )
        )
    run = await trained("promotes").run(asked_by="command")
    assert run.state is RunState.FAILED
    assert run.reason is not None
    assert "database or disk is full" in run.reason
    await nothing_changed(core, before)


async def test_of_runs_asked_for_at_once_one_runs(core: Core, trained: Trained) -> None:
    asked = [trained("keeps").run(asked_by="command") for _ in range(4)]
    ended = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(isinstance(each, RunUnderWay) for each in ended) == 3
    assert [run.state for run in await runs(core)] == [RunState.KEPT]


async def test_the_child_is_told_its_task_and_none_of_our_secrets(
    core: Core, trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str
) -> None:
    monkeypatch.setenv("PEORIA_SECRET_KEY", "hunter2")
    await trained("tells").run(asked_by="command", seed=5, options={"members": 2})
    task, environment = json.loads((tmp_path / "task").read_text())
    serving = await core.serving.champion()
    assert task["database_url"] == core.database.url
    assert Path(task["models_root"]) == core.settings.versions_dir.resolve()
    assert task["backbone"] == serving.backbone.fingerprint
    assert task["champion"]["name"] == before
    assert (task["min_labels"], task["seed"], task["options"]) == (60, 5, {"members": 2})
    assert not [name for name in environment if name.startswith("PEORIA_")]


async def test_a_champion_that_is_damaged_is_left_out_of_the_comparison(
    core: Core, trained: Trained, tmp_path: Path, before: str
) -> None:
    (core.settings.versions_dir / before / "head.npz").write_bytes(b"damage")
    await trained("tells").run(asked_by="command")
    task, _ = json.loads((tmp_path / "task").read_text())
    assert task["champion"] is None


async def test_switching_the_backbone_promotes_whatever_the_gate_says(
    core: Core, trained: Trained
) -> None:
    run = await trained("keeps").run(asked_by="command", switch_to="d" * 64)
    assert run.state is RunState.PROMOTED
    assert run.reason == "The backbone was switched. Not better."
    assert await champion(core) == trainer.NAME


@pytest.mark.tensorflow
@pytest.mark.sqlite
async def test_rows_that_are_corrupt_are_left_out_and_told_of(core: Core, before: str) -> None:
    """With the real training process, which is through before it would import TensorFlow."""
    backbone = (await core.serving.champion()).backbone.fingerprint
    async with core.database.write() as session:
        for each in one_post():
            if not isinstance(each, ModelVersion):
                session.add(each)
                await session.flush()
        (await session.get_one(PostImage, (1, 0))).image_id = 1
        session.add_all([row(Label), row(Embedding, backbone=backbone)])
        await session.flush()
        # SQLite takes any value for any column.
        await session.execute(text("UPDATE labels SET score = 'x'"))
    run = await core.training.run(asked_by="schedule")
    assert run.state is RunState.REFUSED
    assert run.reason is not None
    assert "1 score not a number" in run.reason
    await nothing_changed(core, before)
    async with core.database.write() as session:
        await session.execute(text("UPDATE labels SET score = 5"))
    again = await core.training.run(asked_by="schedule")
    assert again.state is RunState.REFUSED
    assert "labels; at least" in (again.reason or "")
