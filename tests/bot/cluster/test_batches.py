"""Batches on a cluster, and by this process while the cluster is away."""

import logging
from collections.abc import Sequence

import numpy as np
import pytest

from bot.cluster import batches as module
from bot.cluster.batches import ClusterBatches, LocalBatches
from bot.cluster.connection import ClusterAway
from bot.cluster.outcomes import Embedded, Outcome, Refused
from bot.cluster.worker import ImageWorker, Kit, OtherRelease, read_files
from bot.core import Core
from bot.runtime.build import peoria_version
from models.backbone import Backbone
from models.backbone_files import STARTER
from models.decoding import DecodeLimits
from tests.fixtures.images import encode, photo


class Health:
    def __init__(self) -> None:
        self.told: list[str] = []

    async def running(self) -> None:
        self.told.append("runs")

    async def waiting(self, why: str, *, expected: bool) -> None:
        assert expected
        self.told.append(why)

    async def closed(self) -> None:
        self.told.append("closed")


class Connection:
    """A cluster as the test wants it."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.asked: list[str] = []
        self.closed = 0

    async def request(self, name: str, *arguments: object) -> object:
        self.asked.append(name)
        if name == "prepare":
            return 3
        if self.faults:
            raise ClusterAway(self.faults.pop())
        batch = arguments[-1]
        assert isinstance(batch, list)
        return [Embedded(np.ones(1280, np.float32), "0" * 16, {}, blank=False) for _ in batch]

    async def close(self) -> None:
        self.closed += 1


class Here:
    at_once = 1

    def __init__(self) -> None:
        self.batches = 0

    async def embed(self, batch: Sequence[bytes], backbone: Backbone) -> list[Outcome]:
        self.batches += 1
        return [Refused("corrupt", "Done here.") for _ in batch]


@pytest.fixture
def connection(monkeypatch: pytest.MonkeyPatch) -> Connection:
    made = Connection()

    async def connect(address: str) -> Connection:
        assert address == "auto"
        if "nobody" in made.faults:
            raise ClusterAway("There is no Ray cluster at auto.")
        return made

    monkeypatch.setattr(module.ClusterConnection, "open", connect)
    return made


@pytest.fixture
def made(tmp_path) -> tuple[ClusterBatches, Here, Health]:
    here, health = Here(), Health()
    cluster = ClusterBatches(
        "auto", here, health, versions_dir=tmp_path, backbones_dir=tmp_path,
        limits=DecodeLimits(),
    )  # fmt: skip
    return cluster, here, health


BACKBONE = Backbone.load(STARTER)


async def test_batches_go_to_the_cluster(connection: Connection, made) -> None:
    cluster, here, health = made
    for _ in range(2):
        (found,) = await cluster.embed([b"x"], BACKBONE)
        assert isinstance(found, Embedded)
    assert connection.asked == ["prepare", "run", "run"], "workers are prepared once"
    assert cluster.at_once == 4, "one for each worker, and one that waits"
    assert (here.batches, health.told) == (0, ["runs"])
    await cluster.close()
    assert (connection.closed, health.told[-1]) == (1, "closed")


async def test_what_the_cluster_cannot_do_is_done_here_and_said_once(
    connection: Connection, made, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster, here, health = made
    moment = 1000.0
    monkeypatch.setattr(module.time, "monotonic", lambda: moment)
    connection.faults = ["The head is gone."]
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            (found,) = await cluster.embed([b"x"], BACKBONE)
            assert isinstance(found, Refused)
    assert here.batches == 3
    assert [each.message for each in caplog.records] == [
        "The head is gone. Batches of images are done by this process meanwhile."
    ]
    assert health.told == ["runs", "The head is gone."]
    assert cluster.at_once == 2

    moment += 61
    (found,) = await cluster.embed([b"x"], BACKBONE)
    assert isinstance(found, Embedded), "after a minute the cluster is tried again"
    assert health.told[-1] == "runs"


async def test_without_a_cluster_everything_is_done_here(connection: Connection, made) -> None:
    cluster, here, health = made
    connection.faults = ["nobody"]
    await cluster.embed([b"x"], BACKBONE)
    assert here.batches == 1
    assert health.told == ["There is no Ray cluster at auto."]


async def test_a_node_makes_of_images_what_this_process_does(core: Core) -> None:
    kit = Kit(peoria_version(), read_files(STARTER), {}, core.serving.limits)
    batch = [encode(photo(width=90), "PNG"), b"no image", encode(photo(width=200), "JPEG")]
    there = ImageWorker(kit).run("embed", batch)
    here = await LocalBatches(core.serving).embed(batch, BACKBONE)
    assert there[1] == here[1]
    assert isinstance(here[1], Refused)
    for ours, theirs in zip(here[::2], there[::2], strict=True):
        assert isinstance(ours, Embedded)
        assert isinstance(theirs, Embedded)
        assert np.array_equal(ours.embedding, theirs.embedding)
        assert (ours.phash, ours.attributes, ours.blank) == (
            theirs.phash, theirs.attributes, theirs.blank,
        )  # fmt: skip


def test_a_node_with_another_release_refuses() -> None:
    with pytest.raises(OtherRelease, match=r"Peoria .* and this is 0\.0\.1"):
        ImageWorker(Kit("0.0.1", {}, {}, DecodeLimits()))
