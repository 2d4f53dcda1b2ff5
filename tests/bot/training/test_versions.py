from typing import Any

import pytest
from sqlalchemy import select

from bot.app import App
from bot.core import Core
from bot.serving.champion import ChampionRef, ChampionServer, NoChampion
from bot.training.versions import (
    UnknownVersion,
    add_version,
    promote,
    rollback,
)
from models.decoding import DecodeLimits
from models.features import FEATURES_VERSION
from models.head import Head
from models.registry import Manifest, VersionUnusable, write_version
from storage.engine.database import Database
from storage.objects.faults import ObjectStoreFault
from storage.tables import ModelVersion
from tests.bot.training.conftest import champions


async def add(core: Core, name: str, head: Head | None = None) -> None:
    """A challenger on disk and in the database, on the backbone that serves."""
    champion = await core.serving.champion()
    manifest = Manifest(
        name=name, created_at=core.clock(), backbone=champion.backbone.fingerprint,
        features_version=FEATURES_VERSION, trained_until=None, labels=60, metrics={},
    )  # fmt: skip
    write_version(core.settings.versions_dir, manifest, (head or Head.uniform()).save)
    async with core.database.write() as session:
        add_version(session, manifest)


async def change(core: Core, name: str | None) -> None:
    """Promote ``name``; None rolls back."""
    versions_dir = core.settings.versions_dir
    if name is None:
        await rollback(core.database, versions_dir, core.clock())
    else:
        await promote(core.database, versions_dir, name, core.clock())


def damage(core: Core, name: str) -> None:
    path = core.settings.versions_dir / name / "head.npz"
    path.write_bytes(path.read_bytes()[:-20])


@pytest.fixture
async def first(core: Core) -> str:
    """Two challengers beside the first champion, whose name this is."""
    (name,) = await champions(core)
    for challenger in ("v1", "v2"):
        await add(core, challenger)
    return name


async def test_there_is_exactly_one_champion_after_every_change(core: Core, first: str) -> None:
    for name, expected in (
        ("v1", "v1"), ("v1", "v1"), ("v2", "v2"), (None, "v1"), (None, first), ("v2", "v2"),
    ):  # fmt: skip
        await change(core, name)
        assert await champions(core) == [expected]


async def test_a_rollback_goes_to_what_was_replaced(core: Core, first: str) -> None:
    await change(core, "v1")
    await change(core, None)
    assert await champions(core) == [first]


async def test_a_rollback_of_a_rollback_goes_further_back(core: Core, first: str) -> None:
    await change(core, "v1")
    await change(core, "v2")
    await change(core, None)
    await change(core, None)
    assert await champions(core) == [first]
    with pytest.raises(UnknownVersion, match="nothing to roll back to"):
        await change(core, None)
    assert await champions(core) == [first]


async def test_promoting_the_champion_again_keeps_where_a_rollback_goes(
    core: Core, first: str
) -> None:
    await change(core, "v1")
    await change(core, "v1")
    await change(core, None)
    assert await champions(core) == [first]


async def test_an_unknown_version_is_refused_and_the_known_ones_named(
    core: Core, first: str
) -> None:
    with pytest.raises(UnknownVersion, match=f"'v9'.*{first}, v1, v2"):
        await change(core, "v9")
    assert await champions(core) == [first]


async def test_a_damaged_version_is_not_promoted(core: Core, first: str) -> None:
    damage(core, "v1")
    with pytest.raises(VersionUnusable, match="damaged"):
        await change(core, "v1")
    assert await champions(core) == [first]


async def test_a_damaged_version_is_not_rolled_back_to(core: Core, first: str) -> None:
    await change(core, "v1")
    damage(core, first)
    with pytest.raises(VersionUnusable):
        await change(core, None)
    assert await champions(core) == ["v1"]


async def test_a_new_champion_serves_without_a_restart(core: Core, first: str) -> None:
    before = await core.serving.champion()
    assert before.name == first
    # As another process does it: on a connection of its own.
    database = Database(core.database.url)
    await promote(database, core.settings.versions_dir, "v1", core.clock())
    await database.close()
    after = await core.serving.champion()
    assert after.name == "v1"
    assert after.backbone is before.backbone, "the network is not loaded again"
    await change(core, None)
    assert (await core.serving.champion()).name == first


async def test_a_champion_that_stays_is_loaded_once(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    champion = await core.serving.champion()

    def fail(*_: Any) -> Any:
        raise AssertionError("loaded again")

    monkeypatch.setattr(core.serving, "_load", fail)
    assert await core.serving.champion() is champion


async def test_a_new_champion_that_is_damaged_leaves_the_old_one_serving(
    core: Core, first: str, caplog: pytest.LogCaptureFixture
) -> None:
    await core.serving.champion()
    await change(core, "v1")
    damage(core, "v1")
    assert (await core.serving.champion()).name == first
    assert "cannot be loaded" in caplog.text
    # Mended by another promotion.
    await change(core, "v2")
    assert (await core.serving.champion()).name == "v2"


async def fresh_serving(app: App | Core) -> ChampionServer:
    core = app.core if isinstance(app, App) else app
    return ChampionServer(
        core.database, versions_dir=core.settings.versions_dir,
        backbones_dir=core.settings.backbones_dir, limits=DecodeLimits(),
    )  # fmt: skip


@pytest.mark.usefixtures("first")
async def test_what_a_server_chose_serves_once_its_files_can_be_fetched(core: Core) -> None:
    away = True

    def bring(name: str) -> None:
        if away and name == "v1":
            raise ObjectStoreFault("the object store {url} is away", "Wait.", url="s3://models")

    serving = ChampionServer(
        core.database, versions_dir=core.settings.versions_dir,
        backbones_dir=core.settings.backbones_dir, limits=DecodeLimits(), bring=bring,
    )  # fmt: skip
    async with core.database.read() as session:
        version = await session.scalar(select(ModelVersion).filter_by(name="v1"))
    assert version is not None
    chosen = ChampionRef(version.id, "v1", chosen=True)
    assert (await serving.champion(chosen)).name != "v1"
    away = False
    assert (await serving.champion(chosen)).name == "v1"
    await serving.close()


async def test_a_champion_that_is_damaged_at_the_start_is_an_error(core: Core, first: str) -> None:
    damage(core, first)
    serving = await fresh_serving(core)
    with pytest.raises(VersionUnusable, match="models promote"):
        await serving.champion()
    await serving.close()


async def test_no_champion_is_an_error_that_says_what_to_do(core: Core) -> None:
    async with core.database.write() as session:
        for version in await session.scalars(select(ModelVersion)):
            version.is_champion = False
    serving = await fresh_serving(core)
    with pytest.raises(NoChampion, match="models promote"):
        await serving.champion()
    await serving.close()
