"""A picture that ends the processes which read it ends no bot, today or after a restart."""

from dataclasses import replace
from pathlib import Path

from sqlalchemy import select, update

from bot.app import App, build
from bot.core import Core, open_core
from bot.posts.attribute_worker import AttributeWorker
from bot.serving.champion import ChampionServer
from bot.serving.picture_frames import Places
from bot.serving.picture_pool import PicturePool
from models.decoding import DecodeLimits
from storage.tables import Image, QuarantinedImage
from storage.types import PlatformName, PostState
from tests.fakes import poisoned_pictures
from tests.fakes.clock import FakeClock
from tests.fakes.platform import FakePlatform
from tests.fakes.poisoned_pictures import CRASHES
from tests.fixtures.accepted_posts import PICTURE, accept, stored


def with_processes(core: Core, folder: Path) -> Core:
    """The same, with a process that poison ends in place of threads."""
    places = Places(folder / "backbones", folder / "genres", DecodeLimits())
    pool = PicturePool(places, command=poisoned_pictures.COMMAND)
    serving = ChampionServer(
        core.database, versions_dir=core.settings.versions_dir,
        backbones_dir=core.settings.backbones_dir, limits=DecodeLimits(), pictures=pool,
    )  # fmt: skip
    return replace(core, serving=serving)


async def test_a_post_is_refused_and_the_others_are_answered(
    core: Core, platform: FakePlatform, clock: FakeClock, tmp_path: Path
) -> None:
    core = with_processes(core, tmp_path)
    app = build(core)
    app.platforms[PlatformName.REDDIT] = platform
    poisoned = await accept(app, clock, "poisoned", CRASHES)
    sound = await accept(app, clock, "sound", PICTURE)
    assert await app.jobs.run_due() == 2
    refused = await stored(app, poisoned)
    assert refused.state is PostState.REFUSED
    assert refused.refusal is not None
    assert "reading it broke off twice. Save it again" in refused.refusal
    assert (await stored(app, sound)).state is PostState.AWAITING_SCORE
    assert [source_id for source_id, *_ in platform.replies] == ["sound"]

    # Of a picture that is stored, attributes that are read later are the same danger.
    async with core.database.write() as session:
        sha256 = core.images.put(CRASHES)
        await session.execute(update(Image).values(sha256=sha256))
    worker = AttributeWorker(core.database, core.images, core.serving, clock=clock)
    assert await worker.read_next() == 0
    async with core.database.read() as session:
        (left,) = await session.scalars(select(QuarantinedImage))
    assert (left.work, left.deaths, left.quarantined_at) == ("read_attributes", 2, clock())
    await core.serving.close()

    async with open_core(core.settings, clock=clock) as again:
        # Nothing is tried again.
        restarted: App = build(again)
        restarted.platforms[PlatformName.REDDIT] = platform
        assert await restarted.jobs.run_due() == 0
        assert await restarted.jobs.read_attributes() == 0
