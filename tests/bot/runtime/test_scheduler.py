"""Stopping the ticks."""

import asyncio
import logging

import pytest

from bot.runtime.scheduler import Scheduler


async def test_a_job_that_is_under_way_is_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    begun, go_on, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def job() -> None:
        begun.set()
        await go_on.wait()
        ended.set()

    ticker = Scheduler()
    ticker.add_job(job, "interval", seconds=3600)
    ticker.start()
    for each in ticker.get_jobs():
        each.modify(next_run_time=each.next_run_time.replace(year=2020))
    async with asyncio.timeout(30):
        await begun.wait()
        stopping = asyncio.create_task(ticker.stop())
        await asyncio.sleep(0)
        assert not stopping.done()
        go_on.set()
        await stopping
    assert ended.is_set()
    assert [each for each in caplog.records if each.levelno >= logging.ERROR] == []
    assert not ticker.running
