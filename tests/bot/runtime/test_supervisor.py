"""What should always run is started again, and its end is told."""

import asyncio

import pytest

from bot.runtime.supervisor import describe, keep_running, only


class Told:
    def __init__(self) -> None:
        self.said: list[tuple[str, str]] = []
        self.fails = False

    async def running(self) -> None:
        self.said.append(("running", ""))

    async def waiting(self, why: str, *, expected: bool) -> None:
        self.said.append(("expected" if expected else "unexpected", why))
        if self.fails:
            raise OSError("the database is away")

    async def stopped(self, why: str) -> None:
        self.said.append(("stopped", why))


class Refused(Exception):
    pass


@pytest.mark.parametrize("report_fails", [False, True])
async def test_every_end_is_told_and_followed_by_a_start(
    report_fails: bool, caplog: pytest.LogCaptureFixture
) -> None:
    ends: list[Exception | None] = [KeyError("type"), ConnectionError("gone"), None, Refused("no")]
    told = Told()
    told.fails = report_fails

    async def work() -> None:
        await told.running()
        end = ends.pop(0)
        if end is not None:
            raise end

    refusal = await keep_running(
        "Discord",
        work,
        report=told,
        refused=Refused,
        away=only(ConnectionError),
        first_wait=0.0,
    )
    assert isinstance(refusal, Refused)
    assert [each for each in told.said if each[0] != "running"] == [
        ("unexpected", "KeyError: 'type'"),
        ("expected", "ConnectionError: gone"),
        ("expected", "it ended by itself"),
        ("stopped", "no"),
    ]
    assert caplog.text.count("Discord ended with an error that nobody expected") == 1
    assert ends == []


async def test_stopping_it_ends_it() -> None:
    async def work() -> None:
        await asyncio.Event().wait()

    task = asyncio.create_task(keep_running("Discord", work, report=Told()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_what_was_to_be_stored_is_not_told() -> None:
    error = ValueError("it is locked\n[SQL: INSERT]\n[parameters: ('a secret title',)]")
    assert describe(error) == "ValueError: it is locked"
    assert describe(KeyError()) == "KeyError"
