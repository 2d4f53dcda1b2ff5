"""Embedding again by fragments: resumed, cancelled, cut short, with images that kill."""

from collections.abc import Sequence

import numpy as np
import pytest
from sqlalchemy import select

from bot.cluster.outcomes import Embedded, Outcome, Quarantined, Refused
from bot.core import Core
from bot.training import embed_stored
from bot.training.embed_stored import BatchCancelled, embed_stored_images
from models.backbone import Backbone
from models.backbone_files import STARTER
from storage.queries.batch_jobs import ask_to_cancel, newest_jobs, quarantine
from storage.tables import BatchJob, Embedding, Image, QuarantinedImage
from storage.types import BatchState

BACKBONE = Backbone.load(STARTER)


class Workers:
    """A cluster that the test decides on; an image's bytes say what becomes of it."""

    def __init__(self, at_once: int = 3) -> None:
        self.at_once = at_once
        self.under_way = self.most = 0
        self.batches: list[list[bytes]] = []
        self.lost_at: int | None = None

    async def embed(self, batch: Sequence[bytes], backbone: Backbone) -> list[Outcome]:
        if len(self.batches) == self.lost_at:
            raise OSError("the machine is gone")
        self.batches.append([*batch])
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            return [self._outcome(data) for data in batch]
        finally:
            self.under_way -= 1

    def _outcome(self, data: bytes) -> Outcome:
        if data.startswith(b"poison"):
            return Quarantined(2)
        if data.startswith(b"broken"):
            return Refused("corrupt", "This image is damaged.")
        number = int(data.split()[1])
        return Embedded(np.full(1280, number, np.float32), "0" * 16, {}, blank=False)


@pytest.fixture(autouse=True)
def small_fragments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embed_stored, "BATCH", 4)
    monkeypatch.setattr(embed_stored, "_PAGE", 2)


async def store(core: Core, count: int, **special: str) -> None:
    """Images ``fine 0``, ``fine 1``, …; ``special`` names other kinds by their numbers."""
    rows = []
    for number in range(count):
        data = f"{special.get(f'n{number}', 'fine')} {number}".encode()
        rows.append(
            Image(
                sha256=core.images.put(data), format="PNG", bytes=len(data), width=1, height=1,
                phash="0" * 16, stored_at=core.clock(),
            )
        )  # fmt: skip
    async with core.database.write() as session:
        session.add_all(rows)


async def embed(core: Core, workers: Workers, steps: list[int] | None = None) -> tuple[int, int]:
    def advance(stage: str, done: int, total: int | None) -> None:
        if steps is not None:
            steps.append(done)

    return await embed_stored_images(
        core.database, core.images, workers, BACKBONE, advance, clock=core.clock
    )


async def jobs(core: Core) -> list[BatchJob]:
    return [*await core.database.run_read(lambda session: newest_jobs(session, 9))]


async def embeddings(core: Core) -> list[int]:
    async with core.database.read() as session:
        found = await session.scalars(select(Embedding.vector).order_by(Embedding.image_id))
        return [int(np.frombuffer(each, "<f2")[0]) for each in found]


async def test_every_image_once_with_no_more_under_way_than_there_are_workers(core: Core) -> None:
    await store(core, 18)
    workers, steps = Workers(at_once=2), []
    assert await embed(core, workers, steps) == (18, 0)
    assert await embeddings(core) == [*range(18)]
    assert workers.most <= 2
    assert steps == sorted(steps)
    assert steps[-1] == 18
    (job,) = await jobs(core)
    assert (job.state, job.done, job.total, job.skipped) == (BatchState.DONE, 18, 18, 0)

    assert await embed(core, workers) == (0, 0)
    assert len(await jobs(core)) == 1, "nothing to do is no pass"


async def test_what_is_poisoned_is_left_alone_from_then_on(core: Core) -> None:
    await store(core, 7, n2="poison", n4="broken", n6="poison")
    # Fine-tuning met it first.
    await core.database.run_write(lambda each: quarantine(each, 7, "finetune", 2, core.clock()))
    assert await embed(core, Workers()) == (4, 2)
    (job,) = await jobs(core)
    assert (job.done, job.skipped, job.quarantined) == (6, 1, 1)
    async with core.database.read() as session:
        left = await session.scalar(select(QuarantinedImage).filter_by(work="embed"))
        assert left is not None
        assert (left.work, left.deaths) == ("embed", 2)

    again = Workers()
    await embed(core, again)
    assert again.batches == [[b"broken 4"]], "a damaged file is tried again, poison is not"


async def test_a_pass_that_is_cut_short_goes_on_where_it_stopped(core: Core) -> None:
    await store(core, 12)
    workers = Workers(at_once=1)
    workers.lost_at = 2
    with pytest.raises(OSError, match="the machine is gone"):
        await embed(core, workers)
    (job,) = await jobs(core)
    assert (job.state, job.done) == (BatchState.FAILED, 8)
    assert job.reason == "OSError: the machine is gone"

    rest = Workers(at_once=1)
    assert await embed(core, rest) == (4, 0)
    assert rest.batches == [[b"fine 8", b"fine 9", b"fine 10", b"fine 11"]]
    assert await embeddings(core) == [*range(12)]


async def test_a_pass_is_cancelled_between_fragments(core: Core) -> None:
    await store(core, 12)
    workers = Workers(at_once=1)
    kind = workers.embed

    async def embed_and_cancel(batch: Sequence[bytes], backbone: Backbone) -> list[Outcome]:
        if len(workers.batches) == 1:
            (job,) = await jobs(core)
            assert await core.database.run_write(
                lambda session: ask_to_cancel(session, job.id, core.clock())
            )
        return await kind(batch, backbone)

    workers.embed = embed_and_cancel  # type: ignore[method-assign]
    with pytest.raises(BatchCancelled):
        await embed(core, workers)
    (job,) = await jobs(core)
    assert job.state is BatchState.CANCELLED
    assert len(await embeddings(core)) == job.done == 8
    assert not await core.database.run_write(
        lambda session: ask_to_cancel(session, job.id, core.clock())
    )
