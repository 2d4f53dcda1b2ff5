"""Attributes that replies and imports do not wait for are read in the background."""

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select, update

from bot.app import App
from bot.cluster.outcomes import Outcome, Quarantined, Refused, Work
from bot.core import Core
from bot.posts.attribute_worker import BATCH, AttributeWorker
from bot.posts.fragment_reader import FRAGMENT, FragmentReader
from bot.posts.images import store_images
from bot.posts.reading_pass import CANCELLED
from bot.runtime.traffic import Traffic
from bot.serving.champion import AttributesVersion, ChampionServer
from models.attributes.look import read_look
from models.attributes.read import Attributes
from models.backbone import Backbone
from models.decoding import ImageUnread
from storage.queries.batch_jobs import ask_to_cancel, newest_jobs
from storage.tables import Image, QuarantinedImage
from tests.fakes.clock import FakeClock
from tests.fixtures import images
from tests.fixtures.accepted_posts import replied


async def store(core: Core, count: int, *, damaged: int = 0) -> None:
    """Images as an import stores them; of some the file is gone."""
    backbone = (await core.serving.champion()).backbone
    for number in range(count):
        data = images.encode(images.photo(40 + number, 30), "PNG")
        seen = await core.serving.embed_undescribed(data, backbone)
        sha256 = core.images.put(data)
        async with core.database.write() as session:
            await session.run_sync(store_images, {sha256: seen}, backbone.fingerprint, core.clock())
        if number < damaged:
            core.images.drop(sha256)


async def unread(core: Core) -> int:
    async with core.database.read() as session:
        query = select(func.count(Image.id)).where(Image.attributes.is_(None))
        return (await session.scalars(query)).one()


async def test_images_without_attributes_get_those_that_they_would_have_had(app: App) -> None:
    core = app.core
    await store(core, BATCH + 1)
    worker = AttributeWorker(core.database, core.images, core.serving, clock=core.clock)
    assert await worker.read_next() == BATCH
    assert await app.jobs.read_attributes() == 1
    assert await app.jobs.read_attributes() == 0
    async with core.database.read() as session:
        first = (await session.scalars(select(Image).order_by(Image.id))).first()
    assert first is not None
    champion = await core.serving.champion()
    at_once = await core.serving.embed(core.images.get(first.sha256), champion.backbone)
    assert at_once.attributes is not None
    assert first.attributes == at_once.attributes.as_json()
    assert (first.genre, first.faces) == (
        at_once.attributes.genre and at_once.attributes.genre.name,
        None if at_once.attributes.faces is None else len(at_once.attributes.faces),
    )


async def test_it_goes_on_while_more_wait(core: Core) -> None:
    await store(core, BATCH + 2)
    worker = AttributeWorker(
        core.database, core.images, core.serving, clock=core.clock, seconds=600
    )
    assert await worker.read_next() == BATCH + 2


async def test_it_gives_way_to_those_who_wait_for_an_image(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store(core, 3)
    worker = AttributeWorker(core.database, core.images, core.serving, clock=core.clock)
    free = iter([True, True, True, False])
    monkeypatch.setattr(ChampionServer, "has_free_thread", property(lambda _: next(free)))
    assert await worker.read_next() == 2
    assert await unread(core) == 1


class AskedTraffic(Traffic):
    """Says when somebody wants to let posts pass."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = asyncio.Queue[float]()

    async def let_pass(self, patience: float) -> bool:
        self.asked.put_nowait(patience)
        return await super().let_pass(patience)


async def test_each_image_lets_posts_pass(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    await store(core, 2)
    traffic, post = AskedTraffic(), ExitStack()
    worker = AttributeWorker(
        core.database, core.images, core.serving, clock=core.clock, traffic=traffic, patience=600
    )
    read = core.serving.read_attributes

    async def overtaken(*what: Any) -> Any:
        post.enter_context(traffic.passing())
        return await read(*what)

    monkeypatch.setattr(core.serving, "read_attributes", overtaken)
    with traffic.passing():
        reading = asyncio.create_task(worker.read_next())
        await traffic.asked.get()
    # While the first one is read another post comes, which the second one lets pass.
    await traffic.asked.get()
    assert not reading.done()
    monkeypatch.setattr(core.serving, "read_attributes", read)
    post.close()
    assert await reading == 2


async def test_posts_that_never_rest_do_not_keep_images_from_being_read(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store(core, 2)
    traffic = Traffic()
    worker = AttributeWorker(
        core.database, core.images, core.serving, clock=core.clock, traffic=traffic, patience=0
    )
    # Every thread is busy with them.
    monkeypatch.setattr(ChampionServer, "has_free_thread", False)
    with traffic.passing():
        # Its time is over by then: no job goes on without end.
        assert [await worker.read_next() for _ in range(3)] == [1, 1, 0]
    assert await unread(core) == 0


async def test_a_post_that_waits_for_its_prediction_is_let_pass(
    app: App, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    embed = app.core.serving.embed_undescribed
    held_up: list[bool] = []

    async def looked_at(*what: Any) -> Any:
        held_up.append(await app.pipeline.traffic.let_pass(0))
        return await embed(*what)

    monkeypatch.setattr(app.core.serving, "embed_undescribed", looked_at)
    await replied(app, clock, "one")
    assert (held_up, await app.pipeline.traffic.let_pass(0)) == ([True], False)


async def test_what_cannot_be_read_keeps_nobody_waiting(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store(core, 3, damaged=2)
    worker = AttributeWorker(core.database, core.images, core.serving, clock=core.clock)
    assert await worker.read_next() == 1
    asked: list[str] = []
    monkeypatch.setattr(core.images, "get", asked.append)
    assert await worker.read_next() == 0
    assert (asked, await unread(core)) == ([], 2)


async def test_what_cannot_be_read_just_now_lets_older_images_go_first(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store(core, BATCH + 1)
    worker = AttributeWorker(core.database, core.images, core.serving, clock=core.clock)
    seen: list[bytes] = []

    async def unreadable(data: bytes, *_: Any) -> None:
        seen.append(data)
        raise ImageUnread

    monkeypatch.setattr(core.serving, "read_attributes", unreadable)
    await worker.read_next()
    await worker.read_next()
    assert len(seen) == len({*seen}) == BATCH + 1
    # Nothing else is left: it is their turn again.
    await worker.read_next()
    assert len(seen) == 2 * BATCH + 1


async def test_what_this_machine_cannot_read_just_now_is_tried_again(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store(core, 1)
    worker = AttributeWorker(core.database, core.images, core.serving, clock=core.clock)

    async def unreadable(*_: Any) -> None:
        raise ImageUnread

    with monkeypatch.context() as patch:
        patch.setattr(core.serving, "read_attributes", unreadable)
        assert await worker.read_next() == 0
    assert await worker.read_next() == 1


async def test_nothing_is_noted_of_an_image_that_was_erased_while_it_was_read(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store(core, 1)
    read = core.serving.read_attributes

    async def erased_meanwhile(*what: Any) -> Any:
        async with core.database.write() as session:
            await session.execute(update(Image).values(dropped_at=core.clock()))
        return await read(*what)

    monkeypatch.setattr(core.serving, "read_attributes", erased_meanwhile)
    await AttributeWorker(core.database, core.images, core.serving, clock=core.clock).read_next()
    assert await unread(core) == 1


async def test_what_other_networks_read_is_read_again_and_only_once(core: Core) -> None:
    await store(core, BATCH + 1)
    assert (
        await AttributeWorker(
            core.database, core.images, core.serving, clock=core.clock
        ).read_next()
        == BATCH
    )
    async with core.database.write() as session:
        # One was read before images said by what, the others by what served then.
        await session.execute(
            update(Image).where(Image.attributes.is_not(None)).values(attributes_by="0" * 16)
        )
        newest = await session.scalar(select(func.max(Image.id)))
        await session.execute(update(Image).where(Image.id == newest).values(attributes_by=None))
    counts = []
    # A new worker, as after an end: what was done is done.
    for _ in range(4):
        worker = AttributeWorker(core.database, core.images, core.serving, clock=core.clock)
        counts.append(await worker.read_next())
    assert counts == [1, BATCH, 0, 0]
    version = await core.serving.attributes_version()
    async with core.database.read() as session:
        assert {*await session.scalars(select(Image.attributes_by))} == {version.name}


async def test_a_machine_that_finds_no_faces_takes_none_away(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store(core, 1)
    worker = AttributeWorker(core.database, core.images, core.serving, clock=core.clock)
    assert await worker.read_next() == 1

    async def without_faces() -> AttributesVersion:
        return AttributesVersion("f" * 16, finds_faces=False)

    monkeypatch.setattr(core.serving, "attributes_version", without_faces)
    assert await worker.read_next() == 0


class Cluster:
    """Other machines that read attributes, as the test wants them."""

    at_once = 2

    def __init__(self, attributes: Attributes) -> None:
        self.attributes = attributes
        self.is_there = True
        self.faults: list[Outcome] = []
        self.fragments: list[int] = []

    async def read(
        self, work: Work, batch: Sequence[Any], backbone: Backbone
    ) -> list[Outcome] | None:
        assert work == "read_attributes"
        assert {type(each) for pair in batch for each in pair} == {bytes}
        if not self.is_there:
            return None
        self.fragments.append(len(batch))
        faults, self.faults = self.faults, []
        return [*faults, *[self.attributes] * (len(batch) - len(faults))]


async def test_many_are_read_on_the_cluster_by_fragments_and_few_or_without_it_here(
    core: Core,
) -> None:
    await store(core, 2 * FRAGMENT + BATCH)
    version = await core.serving.attributes_version()
    look = read_look(images.photo(40, 30), faces=None)
    cluster = Cluster(Attributes(None, None, look, read_by=version.name))
    far = FragmentReader(cluster, core.images, core.database, "read_attributes", clock=core.clock)
    worker = AttributeWorker(core.database, core.images, core.serving, clock=core.clock, far=far)
    # Away: as without one.
    cluster.is_there = False
    assert await worker.read_next() == BATCH
    cluster.is_there = True
    cluster.faults = [
        Quarantined(2),
        Refused("corrupt", "No."),
        Refused("unread", "Not now.", for_now=True),
    ]
    assert await worker.read_next() == 2 * FRAGMENT - 3
    assert cluster.fragments == [FRAGMENT, FRAGMENT]
    async with core.database.read() as session:
        rows = (await session.scalars(select(QuarantinedImage))).all()
        assert [(row.work, row.deaths) for row in rows] == [("read_attributes", 2)]
        (pass_,) = await session.run_sync(lambda each: newest_jobs(each, 9))
        assert (pass_.work, pass_.subject, pass_.state.value) == (
            "read_attributes", version.name, "running",
        )  # fmt: skip
        assert (pass_.done, pass_.total) == (2 * FRAGMENT, 2 * FRAGMENT)
        assert (pass_.skipped, pass_.quarantined) == (2, 1)
    # What is left are the three; one may be read now, and a few are read here.
    assert await worker.read_next() == 1
    assert (await unread(core), len(cluster.fragments)) == (2, 2)
    async with core.database.read() as session:
        (pass_,) = await session.run_sync(lambda each: newest_jobs(each, 9))
        assert pass_.state.value == "done"
    # Whose networks are others is not asked again.
    async with core.database.write() as session:
        await session.execute(update(Image).values(attributes=None, attributes_by=None))
    cluster.attributes = replace(cluster.attributes, read_by="0" * 16)
    assert await worker.read_next() == BATCH
    asked = len(cluster.fragments)
    assert await worker.read_next() == BATCH
    assert len(cluster.fragments) == asked


async def test_a_pass_on_the_cluster_is_cancelled_and_the_rest_read_here(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store(core, 2 * FRAGMENT)
    version = await core.serving.attributes_version()
    look = read_look(images.photo(40, 30), faces=None)
    cluster = Cluster(Attributes(None, None, look, read_by=version.name))
    cluster.at_once = 1
    far = FragmentReader(cluster, core.images, core.database, "read_attributes", clock=core.clock)
    worker = AttributeWorker(core.database, core.images, core.serving, clock=core.clock, far=far)
    told = cluster.read

    async def asked_meanwhile(*what: Any) -> Any:
        await far.progress.begin(version.name, lambda _: 2 * FRAGMENT)
        await core.database.run_write(lambda session: ask_to_cancel(session, 1, core.clock()))
        return await told(*what)

    monkeypatch.setattr(cluster, "read", asked_meanwhile)
    assert await worker.read_next() == FRAGMENT
    assert await worker.read_next() == BATCH
    assert cluster.fragments == [FRAGMENT]
    (pass_,) = await core.database.run_read(lambda session: newest_jobs(session, 9))
    assert (pass_.state.value, pass_.done, pass_.reason) == ("cancelled", FRAGMENT, CANCELLED)
