"""A real Ray on this machine: a lost node, poison. Slow to start, so one for all, if asked for."""

import asyncio
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack

import numpy as np
import pytest

pytest.importorskip("ray")
if os.environ.get("PEORIA_TEST_RAY") != "1":
    pytest.skip("PEORIA_TEST_RAY=1 runs them: Ray needs a quiet machine", allow_module_level=True)

from bot.cluster.connection import ClusterConnection
from bot.cluster.outcomes import Embedded, Quarantined, Refused
from bot.cluster.worker import ImageWorker, Kit, read_files
from bot.runtime.build import peoria_version
from models.backbone_files import STARTER
from models.decoding import DecodeLimits
from models.ray_cluster import connect
from tests.fakes.poison import Poison
from tests.fakes.ray_nodes import Nodes, nodes
from tests.fixtures.images import encode, photo
from trainer.cluster.side_by_side import on_cluster, side_by_side

KIT = Kit(peoria_version(), read_files(STARTER), {}, DecodeLimits())


@pytest.fixture(scope="module")
def cluster() -> Iterator[Nodes]:
    """Two nodes."""
    with ExitStack() as stack:
        try:
            made = stack.enter_context(nodes())
            made.have(2)
        except Exception as error:  # noqa: BLE001 - it has no class of its own
            # Ray gives its own processes 15 s to begin; no machine that is busy enough does.
            pytest.skip(f"Ray could not start two nodes here: {error}")
        yield made


async def prepared(cluster: Nodes) -> ClusterConnection:
    connection = await ClusterConnection.open(cluster.address)
    await connection.request("prepare", "kit", KIT)
    return connection


async def test_batches_survive_a_lost_node_and_poison(cluster: Nodes) -> None:
    cluster.have(2)
    batches = [[encode(photo(width=90 + n), "PNG"), b"no image"] for n in range(6)]
    connection = await prepared(cluster)
    try:
        first = await connection.request("run", "kit", "embed", batches[0])
        under_way = [
            asyncio.create_task(connection.request("run", "kit", "embed", batch))
            for batch in batches[1:]
        ]
        await asyncio.to_thread(cluster.kill)
        found = [first, *await asyncio.gather(*under_way)]
        for batch, outcomes in zip(batches, found, strict=True):
            alone = ImageWorker(KIT).run("embed", batch)
            assert isinstance(outcomes[0], Embedded)
            assert isinstance(alone[0], Embedded)
            assert np.array_equal(outcomes[0].embedding, alone[0].embedding)
            assert outcomes[1] == alone[1]
            assert isinstance(outcomes[1], Refused)

        poisoned = [batches[0][0], Poison(b"kills"), batches[1][0]]
        good, killed, fine = await connection.request("run", "kit", "embed", poisoned)
        assert killed == Quarantined(2)
        assert isinstance(good, Embedded)
        assert isinstance(fine, Embedded)
    finally:
        await connection.close()


def test_parts_are_done_side_by_side(cluster: Nodes) -> None:
    # Within the test, so that it is sent whole: the nodes have no module of tests.
    def half(number: int, shared: float) -> float:
        return number / 2 + shared

    told: list[int] = []
    with side_by_side(cluster.address) as here:
        assert here is on_cluster
        assert here(half, [1, 2, 3], 10.0, told=told.append) == [10.5, 11.0, 11.5]
        with pytest.raises(TypeError):
            here(half, ["no number"], 1.0)
    assert told == [1, 2, 3]


def test_nothing_is_sent_to_anybody(cluster: Nodes) -> None:
    assert cluster.address
    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0"


def test_no_cluster_is_a_sentence() -> None:
    with pytest.raises(ConnectionError, match=r"There is no Ray cluster at ray://127\.0\.0\.1:1 "):
        connect("ray://127.0.0.1:1")
    assert "ray" in sys.modules
