"""Pictures are read in processes of their own: one that ends its process costs itself alone."""

import asyncio
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from bot.cluster.batches import LocalBatches
from bot.cluster.outcomes import Embedded, Quarantined
from bot.core import Core
from bot.posts.attribute_worker import AttributeWorker
from bot.serving.champion import ChampionServer
from bot.serving.picture_frames import Places
from bot.serving.picture_pool import COMMAND, EndsProcesses, PicturePool
from models.backbone import Backbone
from models.backbone_files import STARTER
from models.decoding import DecodeLimits, ImageRefused, ImageUnread
from tests.fakes import poisoned_pictures
from tests.fakes.poisoned_pictures import CRASHES, GREEDY, HANGS, LIES, ONCE
from tests.fixtures.images import encode, photo

BACKBONE = Backbone.load(STARTER)
PICTURE = encode(photo(160, 120), "JPEG")


def pool_of(folder: Path, **how: object) -> PicturePool:
    places = Places(folder / "backbones", folder / "genres", DecodeLimits())
    given = {"command": poisoned_pictures.COMMAND, "seconds": 60.0} | how
    return PicturePool(places, **given)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PicturePool]:
    """One process for the tests that do not end it."""
    pool = pool_of(tmp_path_factory.mktemp("pool"))
    yield pool
    asyncio.run(pool.close())


def server_of(core: Core, pool: PicturePool | None) -> ChampionServer:
    return ChampionServer(
        core.database, versions_dir=core.settings.versions_dir,
        backbones_dir=core.settings.backbones_dir, limits=DecodeLimits(), pictures=pool,
    )  # fmt: skip


class Health:
    def __init__(self) -> None:
        self.told: list[str] = []

    async def running(self) -> None:
        self.told.append("runs")

    async def waiting(self, why: str, *, expected: bool) -> None:
        assert not expected
        self.told.append(why)

    async def stopped(self, why: str) -> None:
        raise AssertionError(why)

    async def closed(self) -> None:
        self.told.append("closed")


async def test_a_process_says_the_same_as_a_thread_to_the_last_bit(
    core: Core, pool: PicturePool
) -> None:
    apart, here = server_of(core, pool), core.serving
    for data in (PICTURE, encode(photo(500, 300), "PNG"), encode(photo(90, 90), "WEBP")):
        seen, expected = await apart.embed(data, BACKBONE), await here.embed(data, BACKBONE)
        assert seen.embedding.tobytes() == expected.embedding.tobytes()
        assert (seen.image, seen.phash, seen.blank) == (
            expected.image, expected.phash, expected.blank,
        )  # fmt: skip
        assert seen.attributes == expected.attributes
        plain = await apart.embed_undescribed(data, BACKBONE)
        assert (plain.image, plain.phash) == (seen.image, seen.phash)
        assert np.array_equal(plain.embedding, seen.embedding)
        attributes = await apart.read_attributes(data, seen.embedding, BACKBONE)
        assert attributes == expected.attributes
        pixels = (await apart.pixels(data, size=32)).tobytes()
        assert pixels == (await here.pixels(data, size=32)).tobytes()
        drawn, features = await apart.feature_map(data, BACKBONE, size=64)
        drawn_here, features_here = await here.feature_map(data, BACKBONE, size=64)
        assert drawn.tobytes() == drawn_here.tobytes()
        assert features is not None
        assert features_here is not None
        assert np.array_equal(features, features_here)
    assert await apart.attributes_version() == await here.attributes_version()
    await apart.try_canvas(PICTURE)
    for data in (b"", b"no image", PICTURE[:400]):
        refusals = []
        for server in (apart, here):
            with pytest.raises(ImageRefused) as refused:
                await server.embed(data, BACKBONE)
            refusals.append((refused.value.reason, str(refused.value)))
        assert refusals[0] == refusals[1]


async def test_poison_is_refused_after_two_processes_and_what_waits_is_read(
    core: Core, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    others = children()
    pool = pool_of(tmp_path)
    server = server_of(core, pool)
    once = ONCE + b"\n" + os.fsencode(tmp_path / "met") + b"\n" + PICTURE
    outcomes = await LocalBatches(server).embed([PICTURE, CRASHES, PICTURE, once], BACKBONE)
    kinds = [type(each) for each in outcomes]
    assert kinds == [Embedded, Quarantined, Embedded, Embedded]
    assert outcomes[1] == Quarantined(2)
    ends = [each.getMessage() for each in caplog.records if "reads pictures" in each.getMessage()]
    assert sorted(each.partition(" at picture")[0].rpartition(" ")[2] for each in ends) == [
        "SIGKILL", "SIGSEGV", "SIGSEGV",
    ]  # fmt: skip
    # It is remembered: no third process meets it.
    (process,) = children() - others
    if hasattr(os, "getpgid"):
        assert os.getpgid(process.pid) != os.getpgid(0), "Ctrl-C does not reach it"
    with pytest.raises(EndsProcesses, match="Save it again as a plain JPEG or PNG"):
        await server.embed_undescribed(CRASHES, BACKBONE)
    assert children() - others == {process}
    # One that ends while it reads nothing is nobody's fault.
    process.kill()
    process.wait()
    caplog.clear()
    assert (await server.embed_undescribed(PICTURE, BACKBONE)).phash
    assert not caplog.records
    await pool.close()
    assert children() <= others


async def test_what_lies_or_never_answers_is_ended(
    core: Core, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pool = pool_of(tmp_path, seconds=1.0)
    for word, how in ((HANGS, "took too long"), (LIES, "cannot be one")):
        with pytest.raises(EndsProcesses):
            await server_of(core, pool).pixels(word, size=32)
        assert caplog.text.count(how) == 2
    await pool.close()


async def test_a_question_without_a_picture_blames_none(core: Core, tmp_path: Path) -> None:
    (tmp_path / "genres").mkdir()
    (tmp_path / "genres" / CRASHES.decode()).touch()
    health = Health()
    pool = pool_of(tmp_path, report=health)
    with pytest.raises(ImageUnread):
        await server_of(core, pool).attributes_version()
    assert health.told == ["The process that reads pictures ends when asked its version."]
    with pytest.raises(ImageRefused, match="This file is empty"):
        await server_of(core, pool).pixels(b"", size=32)
    await pool.close()


async def test_it_stops_at_once_whatever_is_under_way(core: Core, tmp_path: Path) -> None:
    health, others = Health(), children()
    pool = pool_of(tmp_path, report=health)
    server = server_of(core, pool)
    await server.warm_up()
    if sys.platform == "linux":
        # It is given a gigabyte: what wants more is refused for now, and ends nothing.
        (process,) = children() - others
        with pytest.raises(ImageUnread):
            await server.embed(GREEDY, BACKBONE)
        assert children() - others == {process}
    assert server.has_free_thread
    asked = [asyncio.ensure_future(server.pixels(HANGS, size=32)) for _ in range(3)]
    await asyncio.sleep(0)
    assert not server.has_free_thread
    await server.close()
    for found in await asyncio.gather(*asked, return_exceptions=True):
        assert isinstance(found, ImageUnread | asyncio.CancelledError)
    assert health.told == ["runs", "closed"]
    assert children() <= others


async def test_one_that_is_ended_while_it_starts_is_no_fault(core: Core, tmp_path: Path) -> None:
    health, others = Health(), children()
    command = (sys.executable, "-c", "import threading; threading.Event().wait()")
    pool = pool_of(tmp_path, command=command, report=health)
    asked = asyncio.ensure_future(server_of(core, pool).embed(PICTURE, BACKBONE))
    while children() == others:  # noqa: ASYNC110 - nothing tells of a process
        await asyncio.sleep(0)
    await pool.close()
    with pytest.raises(ImageUnread):
        await asked
    assert health.told == []


async def test_where_none_can_be_started_no_picture_is_blamed(
    core: Core, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PEORIA_DISCORD_TOKEN", "a secret")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    mended = tmp_path / "mended"
    script = (
        "import os, sys, runpy\n"
        f"if not os.path.exists({str(mended)!r}):\n"
        "    sys.exit(7 + sum(each.startswith(('PEORIA_', 'AWS_')) for each in os.environ))\n"
        f"runpy.run_module({COMMAND[-1]!r}, run_name='__main__')"
    )
    health = Health()
    command = (sys.executable, "-c", script)
    pool = pool_of(tmp_path, command=command, report=health, first_wait=3600.0)
    server = server_of(core, pool)
    # The bot starts all the same, and posts wait.
    await server.warm_up()
    for _ in range(3):
        with pytest.raises(ImageUnread):
            await server.embed(PICTURE, BACKBONE)
    worker = AttributeWorker(core.database, core.images, server, clock=core.clock)
    assert await worker.read_next() == 0
    (why,) = {*health.told}
    assert why.startswith("The process that reads pictures ended with status 7 before it had read")
    assert len(caplog.records) == 1, "the next start is after a wait"
    await pool.close()

    pool = pool_of(tmp_path, command=command, report=health, first_wait=0.0)
    server = server_of(core, pool)
    await server.warm_up()
    mended.touch()
    assert (await server.embed_undescribed(PICTURE, BACKBONE)).phash
    assert health.told[-1] == "runs"
    await pool.close()


def children() -> set[psutil.Process]:
    return {*psutil.Process().children()}
