import asyncio
from pathlib import Path

from bot.core import Core, open_core
from bot.runtime.clock import Clock
from bot.settings import Settings
from bot.training.first_version import add_first_champion, has_champion
from bot.training.versions import (
    list_versions,
)
from models.backbone_files import STARTER
from storage.tables import ModelVersion
from tests.bot.training.conftest import champions
from tests.fakes.clock import FakeClock


async def test_a_new_installation_has_exactly_one_champion(core: Core) -> None:
    assert await has_champion(core.database)
    (version,) = await list_versions(core.database)
    assert version.is_champion
    assert version.promoted_at is not None
    assert version.replaced_id is None
    assert (await core.serving.champion()).name == version.name


async def test_starting_again_changes_nothing(settings: Settings, clock: FakeClock) -> None:
    async def start() -> list[ModelVersion]:
        async with open_core(settings, clock=clock) as core:
            return list(await list_versions(core.database))

    before = [(each.id, each.name, each.promoted_at) for each in await start()]
    assert before == [(each.id, each.name, each.promoted_at) for each in await start()]


async def test_two_first_starts_at_once_agree(tmp_path: Path, clock: FakeClock) -> None:
    settings = Settings(data_dir=tmp_path / "new")

    async def start() -> list[str]:
        async with open_core(settings, clock=clock) as core:
            return await champions(core)

    found = await asyncio.gather(*(start() for _ in range(4)))
    assert len({tuple(each) for each in found}) == 1
    assert len(list(settings.versions_dir.iterdir())) == 1


async def test_a_champion_is_not_put_beside_another(core: Core, clock: Clock) -> None:
    await add_first_champion(core.database, core.settings.versions_dir, STARTER, clock())
    assert len(await champions(core)) == 1
