"""Turn after turn, whatever becomes of one."""

import asyncio
import datetime
import logging

import pytest

from bot.runtime.periodic import Periodic
from bot.runtime.supervisor import only


class Told:
    def __init__(self, *, fails: bool = False) -> None:
        self.said: list[str] = []
        self.fails = fails

    def _say(self, what: str) -> None:
        self.said.append(what)
        if self.fails:
            raise OSError("the database is away")

    async def running(self) -> None:
        self._say("running")

    async def waiting(self, why: str, *, expected: bool) -> None:
        self._say(f"{'expected' if expected else 'unexpected'}: {why}")

    async def stopped(self, why: str) -> None:
        self._say("stopped")

    async def closed(self) -> None:
        self._say("closed")


@pytest.mark.parametrize("report_fails", [False, True])
async def test_no_error_ends_the_turns_and_what_failed_is_told(
    report_fails: bool, caplog: pytest.LogCaptureFixture
) -> None:
    errors: list[Exception | None] = [ConnectionError("away"), KeyError("type"), None, None]
    done, told = asyncio.Event(), Told(fails=report_fails)

    async def work() -> None:
        if not errors:
            done.set()
        elif (error := errors.pop(0)) is not None:
            raise error

    turns = Periodic("Counting", 0.0, work, report=told, away=only(OSError))
    turns.start()
    async with asyncio.timeout(30):
        await done.wait()
    await turns.stop()
    assert told.said == [
        "expected: ConnectionError: away", "unexpected: KeyError: 'type'", "running", "closed"
    ]  # fmt: skip
    traces = [each for each in caplog.records if each.exc_info and "Counting" in each.message]
    assert len(traces) == (1 + 4 * report_fails)
    assert [each.levelno for each in caplog.records].count(logging.WARNING) == 1


async def test_of_what_never_failed_nothing_is_told_and_the_end_waits_for_its_turn() -> None:
    told, begun, ended = Told(), asyncio.Event(), asyncio.Event()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.set()

    turns = Periodic("Waiting", 3600, work, report=told)
    turns.start()
    turns.start()
    async with asyncio.timeout(30):
        await begun.wait()
        await turns.stop()
    assert ended.is_set()
    assert told.said == []


@pytest.mark.parametrize("hours", [-25, -1, 1, 25])
async def test_a_clock_that_is_set_neither_stops_nor_hurries_the_turns(
    hours: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loops of discord.py stand still until the old time is reached, or never pause."""
    loop = asyncio.get_running_loop()
    begun: list[float] = []
    enough = asyncio.Event()
    real = datetime.datetime

    class Moved(datetime.datetime):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> datetime.datetime:  # type: ignore[override]
            return real.now(tz) + datetime.timedelta(hours=hours)

    async def work() -> None:
        begun.append(loop.time())
        monkeypatch.setattr(datetime, "datetime", Moved)
        if len(begun) == 4:
            enough.set()

    turns = Periodic("Ticking", 0.05, work, report=Told())
    turns.start()
    async with asyncio.timeout(30):
        await enough.wait()
    await turns.stop()
    assert begun[3] - begun[0] > 0.1
