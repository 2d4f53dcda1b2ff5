"""The bot's side of the Ray process: what it answers, and every way in which it is lost."""

import asyncio
import sys

import pytest

from bot.cluster.connection import ClusterAway, ClusterConnection
from tests.fakes import ray_process


def command(mode: str) -> tuple[str, ...]:
    return (sys.executable, "-m", ray_process.__name__, mode)


async def test_answers_come_back_to_whoever_asked() -> None:
    connection = await ClusterConnection.open("here", command=command("works"))
    try:
        first, second = await asyncio.gather(
            connection.request("run", [1, 2, 3]), connection.request("run", ["a", "b"])
        )
        assert (first, second) == ([3, 2, 1], ["b", "a"])
        assert connection.is_open
    finally:
        await connection.close()
    assert not connection.is_open
    with pytest.raises(ClusterAway, match="was lost"):
        await connection.request("run", [1])


async def test_no_cluster_is_told_with_its_reason() -> None:
    with pytest.raises(ClusterAway, match=r"There is no Ray cluster at nowhere:1\."):
        await ClusterConnection.open("nowhere:1", command=command("refuses"))


async def test_a_cluster_that_does_not_answer_is_given_up() -> None:
    with pytest.raises(ClusterAway, match="did not answer within"):
        await ClusterConnection.open("here", command=command("silent"), seconds=0.2)


async def test_a_lost_cluster_ends_what_waits_with_its_last_words() -> None:
    connection = await ClusterConnection.open("here", command=command("dies"))
    try:
        with pytest.raises(ClusterAway, match=r"at here was lost"):
            await connection.request("run", [1])
    finally:
        await connection.close()
    with pytest.raises(ClusterAway, match=r"Failed to connect to GCS within 20 seconds"):
        await connection.request("run", [1])
