"""main.py retrain, without training anything."""

import asyncio
import os
from datetime import UTC, datetime
from typing import Any

import psutil
import pytest

from bot.settings import Settings
from bot.training.runs import TrainingRuns
from storage.engine.database import Database
from storage.tables import TrainingRun
from storage.types import RunState
from tests.bot.cli.conftest import Peoria


@pytest.mark.tensorflow
def test_too_few_labels_are_refused_and_the_run_recorded(
    peoria: Peoria, settings: Settings
) -> None:
    answer = peoria("retrain", "--json")
    assert answer.status == 1
    assert answer.data["state"] == "refused"
    assert "Only 0 labels" in answer.data["reason"]


def test_a_run_under_way_is_waited_for(
    peoria: Peoria, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run of another process, which ends as soon as the command has joined it."""

    async def begin() -> None:
        database = Database(settings.url)
        async with database.write() as session:
            session.add(
                TrainingRun(
                    state=RunState.RUNNING, asked_by="schedule", started_at=datetime.now(UTC),
                    pid=os.getppid(), pid_started=psutil.Process(os.getppid()).create_time(),
                )
            )  # fmt: skip
        await database.close()

    wait = TrainingRuns.wait_for

    async def end_and_wait(self: TrainingRuns, run_id: int, **rest: Any) -> TrainingRun:
        async with self._database.write() as session:
            run = await session.get_one(TrainingRun, run_id)
            run.state, run.reason = RunState.REFUSED, "Nothing new."
            run.finished_at = datetime.now(UTC)
        return await wait(self, run_id, **rest)

    monkeypatch.setattr(TrainingRuns, "wait_for", end_and_wait)
    asyncio.run(begin())
    answer = peoria("retrain")
    assert answer.status == 1
    assert "under way already" in answer.err
    assert answer.out == "Refused: Nothing new.\n"
