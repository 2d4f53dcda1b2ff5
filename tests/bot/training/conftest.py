"""A training process that does as it is told, and what the tables say afterwards."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot.core import Core
from bot.training.child import TrainingLimits
from bot.training.runs import TrainingRuns
from bot.training.versions import list_versions
from storage.tables import ModelVersion, TrainingRun
from tests.fakes import trainer
from tests.fakes.clock import FakeClock

#: The time is for machines that are busy with other things, too.
LIMITS = TrainingLimits(seconds=600, memory_mb=2000, min_labels=60)

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


async def champions(core: Core) -> list[str]:
    """Names of the versions that are champion; there should be one."""
    async with core.database.read() as session:
        query = select(ModelVersion.name).where(ModelVersion.is_champion)
        return list(await session.scalars(query))
