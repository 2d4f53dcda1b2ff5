"""Lanes: each works on one item at a time; none waits for another."""

import asyncio

import pytest

from bot.runtime.lanes import Lanes


async def test_a_lane_that_waits_and_one_that_fails_hold_up_no_other(
    caplog: pytest.LogCaptureFixture,
) -> None:
    lanes: Lanes[str] = Lanes("Things")
    done: list[str] = []
    go_on = asyncio.Event()

    async def work(item: str) -> None:
        if item == "slow 1":
            await go_on.wait()
        if item == "bad 1":
            raise KeyError(item)
        done.append(item)

    items = ["slow 1", "slow 2", "bad 1", "bad 2", *(f"lane{n} 1" for n in range(50))]

    def lane(item: str) -> str:
        return item.split()[0]

    await lanes.take(items, lane, work, patience=0.05)
    assert done == ["bad 2", *(f"lane{n} 1" for n in range(50))]
    assert lanes.busy == {"slow"}
    assert "lane bad failed" in caplog.text
    await lanes.take(["slow 3", "bad 3"], lane, work)
    assert "slow 3" not in done, "what is left out is still due"
    go_on.set()
    async with asyncio.timeout(10):
        while lanes.busy:  # noqa: ASYNC110 - lanes end without telling
            await asyncio.sleep(0)
    assert done[-2:] == ["slow 1", "slow 2"]


async def test_stopping_ends_what_goes_on() -> None:
    lanes: Lanes[int] = Lanes("Things")

    async def work(_: int) -> None:
        await asyncio.Event().wait()

    await lanes.take([1, 2], lambda item: item, work, patience=0)
    assert lanes.busy == {1, 2}
    await lanes.stop()
    assert lanes.busy == frozenset()
