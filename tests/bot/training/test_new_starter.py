"""A starter that is new in this Peoria is taken up while the old one serves."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import delete, func, select

from bot.app import App, backbone_switch
from bot.core import Core
from bot.training import new_starter
from bot.training.new_starter import NewStarter
from models.backbone import read_info
from models.backbone_files import STARTER
from storage.tables import Embedding, Notice
from storage.types import PlatformName
from tests.bot.training.conftest import Trained, champion, runs
from tests.fakes import trainer
from tests.fakes.clock import FakeClock
from tests.fakes.platform import incoming
from tests.fixtures.images import encode, photo

NEW = "f" * 64


@pytest.fixture
async def two_posts(app: App, clock: FakeClock) -> None:
    for number in range(2):
        image = encode(photo(width=90 + number), "PNG")
        post = incoming(f"p{number}", image, posted_at=clock())
        post_id = await app.pipeline.accept(PlatformName.REDDIT, post)
        assert post_id is not None
        await app.pipeline.advance(post_id)


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What a newer Peoria ships: the same network under another fingerprint."""
    folder = tmp_path / "starter"
    shutil.copytree(STARTER, folder)
    info = json.loads((folder / "backbone.json").read_text("utf-8"))
    (folder / "backbone.json").write_text(json.dumps(info | {"fingerprint": NEW}), "utf-8")
    for module in ("models.backbone_files", "bot.training.backbone_setup",
                   "bot.training.new_starter"):  # fmt: skip
        monkeypatch.setattr(f"{module}.STARTER", folder)
    return folder


def taking_up(core: Core, trained: Trained, mode: str, *, wanted: bool = True) -> NewStarter:
    core = replace(core, training=trained(mode))
    return NewStarter(
        backbone_switch(core), core.database, core.images, core.batches, core.serving,
        wanted=wanted, clock=core.clock,
    )  # fmt: skip


async def embedded(core: Core, backbone: str) -> int:
    async with core.database.read() as session:
        query = select(func.count()).where(Embedding.backbone == backbone)
        return int((await session.scalars(query)).one())


async def notices(core: Core) -> list[str]:
    async with core.database.read() as session:
        return list(await session.scalars(select(Notice.text).order_by(Notice.id)))


@pytest.mark.usefixtures("two_posts", "shipped")
async def test_a_better_one_serves_after_everything_was_embedded(
    core: Core, trained: Trained
) -> None:
    starter = taking_up(core, trained, "promotes")
    assert await starter.take_up()
    assert await embedded(core, NEW) == 2
    assert await champion(core) == trainer.NAME
    assert (await core.serving.champion()).backbone.fingerprint == NEW
    assert "on the starter that ships with this Peoria" in (await notices(core))[-1]
    assert not await starter.take_up()
    assert len(await runs(core)) == 1


@pytest.mark.usefixtures("two_posts", "shipped")
async def test_one_that_is_not_better_is_tried_once(
    core: Core, trained: Trained, before: str
) -> None:
    starter = taking_up(core, trained, "keeps")
    for _ in range(3):
        assert not await starter.take_up()
    assert await champion(core) == before
    assert len(await runs(core)) == 1
    (notice,) = [text for text in await notices(core) if "was tried" in text]
    assert "The old backbone goes on serving" in notice


@pytest.mark.usefixtures("two_posts", "shipped")
async def test_with_too_few_labels_it_is_tried_again_later(
    core: Core, trained: Trained, before: str
) -> None:
    assert not await taking_up(core, trained, "refuses").take_up()
    assert await champion(core) == before
    assert not [text for text in await notices(core) if "was tried" in text]
    assert await taking_up(core, trained, "promotes").take_up()


@pytest.mark.usefixtures("two_posts")
async def test_images_of_before_are_embedded_with_what_serves(
    core: Core, trained: Trained, before: str
) -> None:
    fingerprint = read_info(STARTER).fingerprint
    async with core.database.write() as session:
        await session.execute(delete(Embedding))
    starter = taking_up(core, trained, "fails")
    assert not await starter.take_up()
    assert await starter.embed_missing() == 2
    assert await starter.embed_missing() == 0
    assert await embedded(core, fingerprint) == 2
    assert await runs(core) == []
    assert await champion(core) == before


@pytest.mark.usefixtures("two_posts", "shipped")
async def test_who_chose_another_backbone_keeps_it(
    core: Core, trained: Trained, before: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not await taking_up(core, trained, "promotes", wanted=False).take_up()
    monkeypatch.setattr(new_starter, "train_is_installed", lambda: False)
    assert not await taking_up(core, trained, "promotes").take_up()
    assert await runs(core) == []
    assert await champion(core) == before
