import asyncio
import os
import sys
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
from sqlalchemy import select, text, update

from bot.core import Core
from bot.training.run_table import RunUnderWay
from storage.tables import Lease, TrainingRun
from storage.types import RunState
from tests.bot.training.conftest import LIMITS, Trained, runs
from tests.fakes.clock import FakeClock


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


async def test_a_run_whose_process_was_killed_is_reaped(
    core: Core, trained: Trained, clock: FakeClock
) -> None:
    await leave_running(core, clock, await dead_process())
    clock.forward(5)
    await trained("refuses").run(asked_by="command")
    killed, after = await runs(core)
    assert (killed.state, killed.finished_at) == (RunState.FAILED, clock())
    assert killed.reason == "The process that ran it was killed."
    assert after.state is RunState.REFUSED


async def test_a_run_far_over_its_time_is_reaped_even_if_its_number_lives_on(
    core: Core, trained: Trained, clock: FakeClock
) -> None:
    await leave_running(core, clock, os.getppid())
    with pytest.raises(RunUnderWay):
        await trained("refuses").run(asked_by="command")
    clock.now += timedelta(seconds=2 * LIMITS.seconds + 1)
    assert (await trained("refuses").run(asked_by="command")).state is RunState.REFUSED
    assert [run.state for run in await runs(core)] == [RunState.FAILED, RunState.REFUSED]


async def test_a_run_is_reaped_when_its_number_went_to_another_process(
    core: Core, trained: Trained, clock: FakeClock
) -> None:
    alive = psutil.Process(os.getppid())
    await leave_running(core, clock, alive.pid, alive.create_time() - 60)
    assert (await trained("refuses").run(asked_by="command")).state is RunState.REFUSED
    await leave_running(core, clock, alive.pid, alive.create_time())
    with pytest.raises(RunUnderWay):
        await trained("refuses").run(asked_by="command")


async def test_a_run_that_this_process_knows_nothing_of_is_reaped(
    core: Core, trained: Trained, clock: FakeClock
) -> None:
    """As after a container was started again: the process has the same number as the one before."""
    await leave_running(core, clock, os.getpid(), psutil.Process().create_time())
    await trained("refuses").reap_dead_run()
    (run,) = await runs(core)
    assert (run.state, run.reason) == (RunState.FAILED, "The process that ran it was killed.")


async def test_a_run_under_way_is_not_reaped(core: Core, trained: Trained, tmp_path: Path) -> None:
    training = trained("waits")
    asked = await training.start_or_join(asked_by="board")
    await trained("refuses").reap_dead_run()
    assert (await runs(core))[0].state is RunState.RUNNING
    (tmp_path / "go").touch()
    assert (await training.wait_for(asked.run_id)).state is RunState.PROMOTED


async def test_of_runs_asked_for_at_once_one_runs(core: Core, trained: Trained) -> None:
    asked = [trained("keeps").run(asked_by="command") for _ in range(4)]
    ended = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(isinstance(each, RunUnderWay) for each in ended) == 3
    assert [run.state for run in await runs(core)] == [RunState.KEPT]


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


async def test_a_run_of_another_machine_lives_as_long_as_its_lease_is_renewed(
    core: Core, trained: Trained, clock: FakeClock
) -> None:
    # Its process number means nothing here.
    await leave_running(core, clock, await dead_process())
    async with core.database.write() as session:
        run_id = (await session.scalars(select(TrainingRun.id))).one()
        session.add(Lease(name=f"training run {run_id}", owner="elsewhere 1 1.0 abc", expires=4e9))
    await core.training.reap_dead_run()
    with pytest.raises(RunUnderWay):
        await trained("refuses").run(asked_by="command")
    async with core.database.write() as session:
        await session.execute(update(Lease).values(expires=1.0))
    await trained("refuses").run(asked_by="command")
    assert [run.state for run in await runs(core)] == [RunState.FAILED, RunState.REFUSED]
