"""Whom a challenger has to beat."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from bot.core import Core
from bot.training.champion_to_beat import champion_to_beat
from storage.tables import Label, ModelVersion, TrainingRun
from storage.types import RunState
from tests.bot.training.conftest import Trained
from tests.fixtures.rows import LATER, MOMENT, one_post, row


@pytest.fixture
async def champion(core: Core) -> ModelVersion:
    """The first champion, as if it had been trained elsewhere until `MOMENT`."""
    async with core.database.write() as session:
        await session.execute(
            update(ModelVersion).where(ModelVersion.is_champion).values(trained_until=MOMENT)
        )
    async with core.database.read() as session:
        return (await session.scalars(select(ModelVersion).where(ModelVersion.is_champion))).one()


async def label(core: Core, matured_at: Any) -> None:
    async with core.database.write() as session:
        for each in one_post():
            session.add(each)
            await session.flush()
        session.add(row(Label, matured_at=matured_at))


async def to_beat(core: Core, champion: ModelVersion) -> str | None:
    found = await champion_to_beat(core.database, core.settings.versions_dir, champion)
    return found["name"] if found else None


async def test_a_champion_from_elsewhere_is_not_judged_on_older_labels(
    core: Core, champion: ModelVersion
) -> None:
    await label(core, MOMENT - timedelta(days=1))
    assert await to_beat(core, champion) is None


async def test_a_champion_from_elsewhere_is_judged_on_newer_labels(
    core: Core, champion: ModelVersion
) -> None:
    await label(core, LATER)
    assert await to_beat(core, champion) == champion.name


async def test_a_champion_made_here_is_judged_by_its_cut_off(
    core: Core, champion: ModelVersion
) -> None:
    await label(core, MOMENT - timedelta(days=1))
    async with core.database.write() as session:
        session.add(
            row(
                TrainingRun,
                state=RunState.PROMOTED,
                finished_at=LATER,
                model_version_id=champion.id,
            )
        )
    assert await to_beat(core, champion) == champion.name


async def test_a_champion_whose_files_are_gone_is_not_to_be_beaten(
    core: Core, champion: ModelVersion
) -> None:
    await label(core, LATER)
    (core.settings.versions_dir / champion.name / "head.npz").unlink()
    assert await to_beat(core, champion) is None


async def test_a_champion_that_is_damaged_is_left_out_of_the_comparison(
    core: Core, trained: Trained, tmp_path: Path, before: str
) -> None:
    (core.settings.versions_dir / before / "head.npz").write_bytes(b"damage")
    await trained("tells").run(asked_by="command")
    task, _ = json.loads((tmp_path / "task").read_text())
    assert task["champion"] is None
