"""The head of a cluster is not there, or is lost while the node with the job still answers."""

import socket
from contextlib import closing
from unittest.mock import MagicMock

import pytest

from trainer.cluster import ray_jobs
from trainer.cluster.jobs import News
from trainer.cluster.side_by_side import ClusterLost


def test_where_there_is_none_it_is_a_sentence_and_not_the_end_of_this_process() -> None:
    pytest.importorskip("ray")
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
    notes: list[str] = []
    with ray_jobs.job_cluster_if_any(f"127.0.0.1:{port}", notes.append) as cluster:
        assert cluster is None
    (note,) = notes
    assert f"There is no Ray cluster at 127.0.0.1:{port} (" in note


def test_it_is_noticed_before_ray_ends_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    ray = pytest.importorskip("ray")
    monkeypatch.setattr(ray, "remote", MagicMock())
    monkeypatch.setattr(ray, "get", lambda waiting, timeout: News([1], {}, 1.0))
    monkeypatch.setattr(ray_jobs, "_REACH_SECONDS", 0.01)
    with closing(socket.create_server(("127.0.0.1", 0))) as head:
        place = ray_jobs._RayPlace(head.getsockname(), gpus=0)
        for _ in range(5):
            assert place.news().said == [1]
    # What comes until that is sure is still told.
    assert [place.news().said, place.news().said] == [[1], [1]]
    with pytest.raises(ClusterLost, match="The head of the Ray cluster was lost"):
        place.news()
