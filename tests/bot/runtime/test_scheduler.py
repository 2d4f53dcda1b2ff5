"""Stopping the ticks."""

import asyncio
import logging
import time
from datetime import datetime, timedelta, tzinfo

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


@pytest.mark.parametrize("hours", [-1, 1])
async def test_a_clock_that_is_set_does_not_stop_the_ticking(
    hours: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """APScheduler reads the wall clock; set back by an hour, nothing would run for an hour."""
    ran = asyncio.Event()

    async def job() -> None:
        ran.set()

    class Moved(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) + timedelta(hours=hours)

    monkeypatch.setattr("bot.runtime.scheduler._LOOK_SECONDS", 0.01)
    ticker = Scheduler()
    ticker.add_job(job, "interval", seconds=0.2)
    ticker.start()
    real = time.time
    monkeypatch.setattr("apscheduler.schedulers.base.datetime", Moved)
    monkeypatch.setattr("bot.runtime.scheduler.time.time", lambda: real() + hours * 3600)
    ran.clear()
    async with asyncio.timeout(30):
        await ran.wait()
    monkeypatch.undo()
    await ticker.stop()


async def test_ticking_that_an_error_ended_goes_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ran = asyncio.Event()

    async def job() -> None:
        ran.set()

    monkeypatch.setattr("bot.runtime.scheduler._LOOK_SECONDS", 0.01)
    ticker = Scheduler()
    ticker.add_job(job, "interval", seconds=0.05)
    ticker.start()
    await asyncio.sleep(0.01)
    # As it is left where an exception leaves APScheduler's own callback.
    ticker._stop_timer()
    async with asyncio.timeout(30):
        await ran.wait()
    assert "The ticking had ended" in caplog.text
    await ticker.stop()


async def test_a_job_that_fails_is_reported_until_it_works(
    caplog: pytest.LogCaptureFixture,
) -> None:
    fails = [True, True, False]
    said: list[tuple[str, str]] = []
    worked = asyncio.Event()

    class Told:
        def __init__(self, name: str) -> None:
            self.name = name

        async def running(self) -> None:
            said.append((self.name, "running"))
            worked.set()

        async def waiting(self, why: str, *, expected: bool) -> None:
            assert expected
            said.append((self.name, why))

        async def stopped(self, why: str) -> None:
            raise AssertionError(why)

    async def job() -> None:
        if fails and fails.pop(0):
            raise KeyError("odd")

    ticker = Scheduler(Told)
    ticker.add_job(job, "interval", seconds=0.05, id="read")
    ticker.start()
    async with asyncio.timeout(30):
        await worked.wait()
    await ticker.stop()
    assert said == [("read", "KeyError: 'odd'")] * 2 + [("read", "running")]
    assert "odd" in caplog.text
