"""Something serves after every start, whatever happened to the files."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from bot.core import Core, open_core
from bot.settings import Settings
from bot.training import first_version
from bot.training.schedule import version_lost
from bot.training.versions import add_version, find_version, make_champion, rollback
from models.backbone_files import STARTER, find_backbone
from models.head import FILE, Head
from models.registry import MANIFEST, read_version, save_manifest
from storage.engine.database import Database
from storage.tables import ModelVersion, Notice, TrainingRun
from storage.types import RunState
from tests.bot.training.conftest import champion
from tests.fakes.clock import FakeClock

Damage = Callable[[Path], None]


async def _serve_own(core: Core, clock: FakeClock, name: str = "own") -> Path:
    """Let a version serve that was made here, and return its folder."""
    folder = core.settings.versions_dir / name
    shutil.copytree(core.settings.versions_dir / "starter", folder)
    (folder / MANIFEST).unlink()
    manifest = replace(
        read_version(core.settings.versions_dir / "starter"), name=name, created_at=clock()
    )
    save_manifest(folder, manifest)
    clock.forward(3600)
    async with core.database.write() as session:
        row = add_version(session, manifest)
        await session.flush()
        await make_champion(session, row, clock())
        session.add(
            TrainingRun(
                state=RunState.PROMOTED, asked_by="command", started_at=clock(),
                finished_at=clock(), model_version_id=row.id,
            )
        )  # fmt: skip
    clock.forward(3600)
    return folder


def _older_features(folder: Path) -> None:
    """The head of a Peoria that computed other features."""
    manifest = read_version(folder)
    with np.load(folder / FILE) as stored:
        arrays = dict(stored)
    np.savez(folder / FILE, **arrays | {"features_version": np.array(0)})
    (folder / MANIFEST).unlink()
    save_manifest(folder, manifest)


def _truncated(folder: Path) -> None:
    data = (folder / FILE).read_bytes()
    (folder / FILE).write_bytes(data[: len(data) // 2])


def _without_head(folder: Path) -> None:
    (folder / FILE).unlink()


def _gone(folder: Path) -> None:
    shutil.rmtree(folder)


def _empty_manifest(folder: Path) -> None:
    (folder / MANIFEST).write_text("", "utf-8")


DAMAGES = [_older_features, _truncated, _without_head, _gone, _empty_manifest]


async def _notices(database: Database) -> list[str]:
    async with database.read() as session:
        return list(await session.scalars(select(Notice.text).order_by(Notice.id)))


@pytest.mark.parametrize("damage", DAMAGES)
async def test_what_ships_serves_where_no_version_can(
    core: Core, settings: Settings, clock: FakeClock, damage: Damage
) -> None:
    damage(await _serve_own(core, clock))
    async with open_core(settings, clock=clock) as again:
        assert (await again.serving.champion()).name == "starter"
        (told,) = await _notices(again.database)
    assert told.startswith("Model version own cannot serve any longer: ")
    assert told.endswith(
        "starter serves now. The next training run fits a new version on the labels that are"
        " stored."
    )


@pytest.mark.parametrize("damage", DAMAGES)
async def test_the_newest_version_that_served_and_can_goes_on(
    core: Core, settings: Settings, clock: FakeClock, damage: Damage
) -> None:
    await _serve_own(core, clock, "first")
    await _serve_own(core, clock, "second")
    folder = await _serve_own(core, clock, "third")
    shutil.copytree(folder, settings.versions_dir / "kept")
    async with core.database.write() as session:
        # The gate was against it.
        add_version(session, replace(read_version(folder), name="kept"))
    damage(folder)
    async with open_core(settings, clock=clock) as again:
        assert await champion(again) == "second"
        assert len(await _notices(again.database)) == 1
    async with open_core(settings, clock=clock) as once_more:
        assert await champion(once_more) == "second"
        assert len(await _notices(once_more.database)) == 1


@pytest.mark.parametrize("damage", DAMAGES)
async def test_a_damaged_copy_of_what_ships_is_made_anew(
    core: Core, settings: Settings, clock: FakeClock, damage: Damage
) -> None:
    damage(settings.versions_dir / "starter")
    async with open_core(settings, clock=clock) as again:
        serving = await again.serving.champion()
    assert serving.head.temperature == Head.load(STARTER / "champion").temperature


async def test_a_newer_version_that_ships_takes_the_place_of_the_older(
    core: Core,
    settings: Settings,
    clock: FakeClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    newer = tmp_path / "champion"
    shutil.copytree(STARTER / "champion", newer)
    manifest = read_version(newer)
    (newer / MANIFEST).unlink()
    (newer / "note.txt").write_text("newer", "utf-8")
    save_manifest(newer, manifest)
    monkeypatch.setattr(first_version, "_CHAMPION", newer)
    async with open_core(settings, clock=clock) as again:
        name = await champion(again)
        assert (await again.serving.champion()).name == name
    assert name.startswith("starter-")
    # Predictions of the older one still find it by its name.
    assert read_version(settings.versions_dir / "starter").name == "starter"
    async with open_core(settings, clock=clock) as once_more:
        assert await champion(once_more) == name
        assert len(await _notices(once_more.database)) == 1


async def test_the_backbone_is_kept_when_the_one_that_ships_changes(
    core: Core,
    settings: Settings,
    clock: FakeClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fingerprint = (await core.serving.champion()).backbone.fingerprint
    other = tmp_path / "starter"
    shutil.copytree(STARTER, other)
    info = json.loads((other / "backbone.json").read_text("utf-8"))
    (other / "backbone.json").write_text(json.dumps(info | {"fingerprint": "0" * 64}), "utf-8")
    monkeypatch.setattr("models.backbone_files.STARTER", other)
    assert find_backbone(settings.backbones_dir, fingerprint).parent == settings.backbones_dir
    async with open_core(settings, clock=clock) as again:
        assert (await again.serving.champion()).backbone.fingerprint == fingerprint
        assert await _notices(again.database) == []


async def test_a_truncated_copy_of_the_backbone_is_made_anew(
    core: Core, settings: Settings, clock: FakeClock
) -> None:
    (folder,) = settings.backbones_dir.iterdir()
    whole = (folder / "backbone.tflite").read_bytes()
    (folder / "backbone.tflite").unlink()
    (folder / "backbone.tflite").write_bytes(whole[:100])
    async with open_core(settings, clock=clock) as again:
        assert (await again.serving.champion()).name == "starter"
    assert (folder / "backbone.tflite").read_bytes() == whole


async def test_training_is_due_after_a_version_was_lost_until_it_was_tried(
    core: Core, settings: Settings, clock: FakeClock
) -> None:
    folder = await _serve_own(core, clock)
    async with core.database.read() as session:
        assert await version_lost(session) is None
    _truncated(folder)
    async with open_core(settings, clock=clock) as again:
        async with again.database.read() as session:
            assert await version_lost(session) == "own"
        clock.forward(3600)
        async with again.database.write() as session:
            session.add(
                TrainingRun(
                    state=RunState.REFUSED, asked_by="schedule", started_at=clock(),
                    finished_at=clock(),
                )
            )  # fmt: skip
        async with again.database.read() as session:
            assert await version_lost(session) is None


async def test_a_version_that_a_person_took_back_stays_back(
    core: Core, settings: Settings, clock: FakeClock
) -> None:
    await _serve_own(core, clock)
    assert await rollback(core.database, settings.versions_dir, clock()) == "starter"
    async with open_core(settings, clock=clock) as again:
        assert await champion(again) == "starter"
        assert await _notices(again.database) == []


async def test_nothing_goes_back_to_files_that_cannot_serve(
    core: Core, settings: Settings, clock: FakeClock
) -> None:
    _gone(await _serve_own(core, clock))
    async with open_core(settings, clock=clock) as again, again.database.read() as session:
        row: ModelVersion = await find_version(session, "starter")
        assert row.is_champion
        assert row.replaced_id is None
