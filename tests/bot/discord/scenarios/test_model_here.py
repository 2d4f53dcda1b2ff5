"""/model here: which version serves one server, and whom its labels teach."""

import json
import shutil
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.servers import communities_kept_apart
from bot.training.retention import Retention
from bot.training.versions import promote
from models.registry import MANIFEST, VersionUnusable
from storage.tables import Community, ModelVersion, Post, Prediction, Server, TrainingRun
from storage.types import RunState
from tests.bot.discord.scenarios.scene import PNG, Scene
from tests.bot.discord.scenarios.test_digest import played
from trainer.data.dataset import read_labelled


async def another(scene: Scene, name: str, **values: object) -> ModelVersion:
    """A second version: the champion's files in another name."""
    core = scene.core
    async with core.database.write() as session:
        champion = (
            await session.scalars(select(ModelVersion).where(ModelVersion.is_champion))
        ).one()
        same = {"backbone": champion.backbone, "metrics": {}, "labels": 0, **values}
        version = ModelVersion(
            name=name, created_at=scene.clock(), is_champion=False, **same,  # type: ignore[arg-type]
        )  # fmt: skip
        session.add(version)
        await session.flush()
    folder = core.settings.versions_dir
    if (folder / champion.name).exists():
        shutil.copytree(folder / champion.name, folder / name)
        manifest = folder / name / MANIFEST
        told = json.loads(manifest.read_text("utf-8"))
        manifest.write_text(json.dumps({**told, "name": name}), "utf-8")
    return version


async def serves(scene: Scene) -> str:
    """The version that predicted the newest post."""
    async with scene.core.database.read() as session:
        found = await session.scalar(
            select(ModelVersion.name)
            .join(Prediction, Prediction.model_version_id == ModelVersion.id)
            .join(Post, Post.id == Prediction.post_id)
            .order_by(Post.id.desc())
            .limit(1)
        )
    assert found is not None
    return found


async def offered(scene: Scene, command: str) -> list[str]:
    """The versions that are offered while somebody types the name of one."""
    choices = await scene.fake.autocomplete(scene.admin, scene.channel, command, "version", "")
    return [each["value"] for each in choices]


async def test_another_version_serves_one_server(scene: Scene) -> None:
    other, foreign = await another(scene, "other"), await another(scene, "foreign", backbone="x")
    fake = scene.fake
    assert await offered(scene, "model promote") == ["foreign", "other"]
    asked = await fake.slash(scene.admin, scene.channel, "model here")
    assert "which serves everywhere" in asked.text
    assert "teach the version that serves everybody" in asked.text
    for name, words in ((foreign.name, "in another way"), ("nothing", "no model version nothing")):
        asked = await fake.slash(scene.admin, scene.channel, "model here", version=name)
        assert words in asked.text
    asked = await fake.slash(
        scene.admin, scene.channel, "model here", version=other.name, keep_labels=True
    )
    assert "**other** serves this server" in asked.text
    assert "teach no version that serves others" in asked.text
    await scene.posted()
    assert await serves(scene) == "other"
    # What somebody asks about is answered by the same; another server goes on as before.
    elsewhere = fake.guild("Elsewhere")
    hall = fake.channel(elsewhere, "hall")
    dan = fake.member(elsewhere, "dan")
    await fake.settle()
    await scene.watch(hall)
    await fake.post_message(hall, dan, attachments=[PNG])
    await scene.work()
    assert await serves(scene) != "other"
    asked = await fake.slash(scene.bob, scene.channel, "predict", image=PNG)
    assert "other" in asked.text
    # It is kept as long as it serves.
    core = scene.core
    await Retention(
        core.database, core.settings.versions_dir, keep=0,
        clock=lambda: scene.clock() + timedelta(days=9),
    ).sweep()  # fmt: skip
    async with core.database.read() as session:
        assert (await session.get_one(ModelVersion, other.id)).dropped_at is None
        (server,) = await session.scalars(select(Server))
        (here,) = await session.scalars(
            select(Community.id).filter_by(source_id=str(scene.channel.id))
        )
        assert await communities_kept_apart(session) == [here]
    assert (server.model_version_id, server.keeps_labels) == (other.id, True)
    asked = await fake.slash(
        scene.admin, scene.channel, "model here", champion=True, keep_labels=False
    )
    assert "which serves everywhere" in asked.text
    await scene.posted()
    assert await serves(scene) != "other"


async def test_what_learned_from_one_server_alone_serves_no_other(scene: Scene) -> None:
    other = await another(scene, "other")
    async with scene.core.database.write() as session:
        run = TrainingRun(
            state=RunState.KEPT, asked_by="discord 7", started_at=scene.clock(),
            finished_at=scene.clock(), model_version_id=other.id,
        )  # fmt: skip
        session.add(run)
    asked = await scene.fake.slash(scene.admin, scene.channel, "model here", version=other.name)
    assert "one server alone" in asked.text
    # What is refused is not offered, either.
    assert await offered(scene, "model here") == await offered(scene, "model promote") == []
    async with scene.core.database.write() as session:
        (await session.get_one(TrainingRun, run.id)).asked_by = f"discord {scene.guild.id}"
    asked = await scene.fake.slash(scene.admin, scene.channel, "model here", version=other.name)
    assert "**other** serves this server" in asked.text
    assert await offered(scene, "model here") == ["other"]
    # It serves no other server, whoever asks.
    assert await offered(scene, "model promote") == []
    owner = scene.guild.members[scene.fake.owner.id]
    asked = await scene.fake.slash(owner, scene.channel, "model promote", version=other.name)
    assert "one server alone" in asked.text
    core = scene.core
    with pytest.raises(VersionUnusable, match="one server alone"):
        await promote(core.database, core.settings.versions_dir, other.name, scene.clock())


async def test_after_a_switch_of_the_backbone_the_champion_serves_everywhere(scene: Scene) -> None:
    other = await another(scene, "other")
    await scene.fake.slash(scene.admin, scene.channel, "model here", version=other.name)
    async with scene.core.database.write() as session:
        (await session.get_one(ModelVersion, other.id)).backbone = "the one before"
    asked = await scene.fake.slash(scene.admin, scene.channel, "model here")
    assert "which serves everywhere" in asked.text
    await scene.posted()
    assert await serves(scene) != "other"


async def test_what_cannot_be_loaded_leaves_the_server_to_the_champion(scene: Scene) -> None:
    other = await another(scene, "other")
    await scene.fake.slash(scene.admin, scene.channel, "model here", version=other.name)
    shutil.rmtree(scene.core.settings.versions_dir / "other")
    await scene.posted()
    assert await serves(scene) != "other"


async def test_labels_that_are_kept_apart_are_not_read(scene: Scene) -> None:
    await played(scene, scene.channel, *[f"meme {n}" for n in range(5)])
    core = scene.core
    async with core.database.read() as session:
        champion = (
            await session.scalars(select(ModelVersion).where(ModelVersion.is_champion))
        ).one()
        (community,) = await session.scalars(select(Community.id))
    url = core.database.url
    everything = len(await read_labelled(url, champion.backbone))
    assert everything == 5
    assert len(await read_labelled(url, champion.backbone, without=[community])) == 0
    # A server that keeps its labels may still learn from them itself.
    own = await read_labelled(url, champion.backbone, without=[community], only=[community])
    assert len(own) == everything
    assert len(await read_labelled(url, champion.backbone, only=[community + 1])) == 0
