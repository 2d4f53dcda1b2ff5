import asyncio
import json
from pathlib import Path
from typing import Any

import psutil
import pytest
from sqlalchemy import select, text

from bot.core import Core
from bot.training.run_table import RunUnderWay
from bot.training.versions import list_versions
from storage.tables import Embedding, Label, ModelVersion, Notice, PostImage
from storage.types import RunState
from tests.bot.training.conftest import Trained, champion, nothing_changed, runs
from tests.fakes import trainer
from tests.fakes.clock import FakeClock
from tests.fixtures.rows import one_post, row


def children_of_runs() -> list[psutil.Process]:
    """Children of this process that train, however far they have come."""
    children = psutil.Process().children(recursive=True)
    return [each for each in children if trainer.__name__ in each.cmdline()]


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
        ("ends at once", "status 7: no message"),
        ("says nothing", "status 0: no message"),
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


async def test_a_run_that_hangs_is_stopped(core: Core, trained: Trained, before: str) -> None:
    run = await trained("hangs", seconds=1.5).run(asked_by="command")
    assert run.state is RunState.FAILED
    assert run.reason is not None
    assert "PEORIA_TRAIN_MINUTES" in run.reason
    assert children_of_runs() == []
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


async def test_the_result_of_a_run_is_told_to_the_admins(
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
