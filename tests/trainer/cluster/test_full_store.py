"""Where Ray's object store has no room: one sentence, whatever was to be sent."""

from unittest.mock import MagicMock

import pytest

from bot.cluster.worker import Kit
from models.decoding import DecodeLimits
from models.ray_cluster import STORE_IS_FULL
from trainer.cluster.ray_jobs import _RayPlace
from trainer.cluster.side_by_side import ClusterLost, on_cluster


def length(item: str, shared: str) -> int:
    return len(item + shared)


@pytest.mark.parametrize("error", ["ObjectStoreFullError", "OutOfDiskError"])
def test_a_full_store_is_one_sentence(error: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ray = pytest.importorskip("ray")
    from bot.cluster.pool import CannotRun, WorkerPool

    def is_full(value: object) -> None:
        raise getattr(ray.exceptions, error)("Failed to put object of 104857600 bytes.")

    monkeypatch.setattr(ray, "put", is_full)
    with pytest.raises(CannotRun) as batches:
        WorkerPool(Kit("1", {}, {}, DecodeLimits()), 1)
    with pytest.raises(ClusterLost) as training:
        on_cluster(length, ["part"], "shared")
    # A place begins a process on a node, and there is none.
    monkeypatch.setattr(ray, "remote", MagicMock())
    with pytest.raises(ClusterLost) as job:
        _RayPlace(None, gpus=0).take([("picture", b"content")])
    assert {str(each.value) for each in (batches, training, job)} == {STORE_IS_FULL}
