"""/model here own: a head fitted on one server's votes alone has a say there, and nowhere else."""

import shutil
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.servers import find_server, request_to_join
from bot.serving.experts import read_standing
from bot.training.retention import Retention
from bot.training.versions import make_champion
from models.experts import EXPERTS, FIRST_OWN, OWN
from models.registry import VersionUnusable
from storage.tables import Community, ModelVersion, OwnHead, Post, Prediction, TrainingRun
from storage.types import PlatformName, RunState
from tests.bot.discord.scenarios.scene import HORIZON, Scene
from tests.bot.discord.scenarios.test_model_here import another, offered, serves


async def newest(scene: Scene) -> Prediction:
    async with scene.core.database.read() as session:
        found = await session.scalar(
            select(Prediction).join(Post).order_by(Post.id.desc()).limit(1)
        )
    assert found is not None
    return found


async def join(scene: Scene, version: ModelVersion) -> None:
    """A run on this server's labels has made a version that may have a say."""
    async with scene.core.database.write() as session:
        server = await find_server(session, PlatformName.DISCORD, str(scene.guild.id))
        assert server is not None
        assert server.own_head is not None
        server.own_head.model_version_id = version.id
        session.add(
            TrainingRun(
                state=RunState.KEPT, asked_by=request_to_join(server), started_at=scene.clock(),
                finished_at=scene.clock(), model_version_id=version.id,
            )
        )  # fmt: skip


async def test_a_head_of_the_server_alone_has_a_say(scene: Scene) -> None:
    fake, core = scene.fake, scene.core
    # It takes the machine's time: who may not start a training may not have one fitted.
    asked = await fake.slash(scene.admin, scene.channel, "model here", own=True)
    assert "only the owner" in asked.text
    owner = scene.guild.members[fake.owner.id]
    asked = await fake.slash(owner, scene.channel, "model here", own=True)
    assert "gets a say with the next training" in asked.text
    await scene.posted()
    before = await newest(scene)
    assert before.weights is not None
    assert list(before.weights) == list(EXPERTS)
    await join(scene, own := await another(scene, "own"))
    asked = await fake.slash(scene.admin, scene.channel, "model here")
    assert "votes alone has a say, too" in asked.text
    # The champion serves; the other has a weight beside it, in the answer to a command as well.
    await scene.posted()
    now = await newest(scene)
    assert await serves(scene) != "own"
    assert now.experts is not None
    assert now.weights is not None
    assert list(now.experts) == list(now.weights) == [*EXPERTS, OWN]
    assert now.weights[OWN] == pytest.approx(FIRST_OWN)
    assert sum(now.weights.values()) == pytest.approx(1)
    await scene.pass_time(HORIZON + 60)
    standing = await core.database.run_read(lambda session: read_standing(session, 1))
    assert standing.account.labels == 2
    # Nobody may let it serve, here or elsewhere, and it is kept while it has a say.
    assert "`own`" not in (await fake.slash(scene.admin, scene.channel, "model versions")).text
    assert await offered(scene, "model here") == await offered(scene, "model promote") == []
    async with core.database.write() as session:
        with pytest.raises(VersionUnusable, match="one server alone"):
            await make_champion(session, await session.get_one(ModelVersion, own.id), scene.clock())
    await another(scene, "newer")
    await Retention(
        core.database, core.settings.versions_dir, keep=1,
        clock=lambda: scene.clock() + timedelta(days=9),
    ).sweep()  # fmt: skip
    async with core.database.read() as session:
        kept = await session.scalars(select(ModelVersion).where(ModelVersion.dropped_at.is_(None)))
        assert {"own", "newer"} <= {each.name for each in kept}
    # Switched off it says nothing, and is there when it is switched on again.
    asked = await fake.slash(scene.admin, scene.channel, "model here", own=False)
    assert "alone" not in asked.text
    await scene.posted()
    assert (await newest(scene)).experts.keys() == set(EXPERTS)  # type: ignore[union-attr]
    async with core.database.read() as session:
        (row,) = await session.scalars(select(OwnHead))
    assert (row.is_on, row.model_version_id) == (False, own.id)


async def test_a_head_that_cannot_be_loaded_or_is_of_another_backbone_has_no_say(
    scene: Scene,
) -> None:
    owner = scene.guild.members[scene.fake.owner.id]
    await scene.fake.slash(owner, scene.channel, "model here", own=True)
    await join(scene, own := await another(scene, "own"))
    shutil.rmtree(scene.core.settings.versions_dir / "own")
    await scene.posted()
    assert OWN not in ((await newest(scene)).experts or {})
    async with scene.core.database.write() as session:
        (await session.get_one(ModelVersion, own.id)).backbone = "the one before"
        (community,) = await session.scalars(select(Community))
        found = await session.run_sync(scene.core.serving.find_champion, community)
    assert found.own is None
