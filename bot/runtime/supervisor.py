"""Keeps running what should never end: its end is reported, and it is started again."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeAlias

log = logging.getLogger(__name__)

#: Waits before another start, seconds: they double from the first to the longest.
FIRST_WAIT, LONGEST_WAIT = 5.0, 300.0


#: Whether an error is expected now and then, and needs no traceback.
IsExpected: TypeAlias = Callable[[Exception], bool]


def only(*kinds: type[Exception]) -> IsExpected:
    """Errors of some kinds."""
    return lambda error: isinstance(error, kinds)


NOTHING = only()


class ServiceReport(Protocol):
    """Who wants to know how a service is doing. Its own errors never end the service."""

    async def running(self) -> None:
        """It runs."""

    async def waiting(self, why: str, *, expected: bool) -> None:
        """It has ended and is started again after a wait.

        Args:
            why: a sentence, or the name of an exception.
            expected: what it depends on is away; otherwise nobody had thought of this.
        """

    async def stopped(self, why: str) -> None:
        """It has ended for good: another start would end the same way."""


async def keep_running(
    name: str,
    work: Callable[[], Awaitable[None]],
    *,
    report: ServiceReport,
    refused: type[Exception] | tuple[type[Exception], ...] = (),
    away: IsExpected = NOTHING,
    first_wait: float = FIRST_WAIT,
    longest_wait: float = LONGEST_WAIT,
) -> Exception:
    """Run ``work`` again and again, until it is refused; return the refusal.

    Waits are by the event loop's clock, which never goes back. They begin anew when ``work`` ran
    for longer than the longest wait.

    Args:
        name: what it is, for the log.
        work: runs until something ends it. It tells ``report`` itself when it runs.
        report: is told of every end.
        refused: after these another start would end the same way.
        away: says of which errors that they are expected now and then, and need no traceback.
        first_wait: before the second start, seconds.
        longest_wait: the most there is, seconds.
    """
    loop = asyncio.get_running_loop()
    wait = first_wait
    while True:
        began = loop.time()
        expected = True
        try:
            await work()
        except refused as error:
            await tell(name, report.stopped(str(error)))
            return error
        except Exception as error:
            expected, why = away(error), describe(error)
            if not expected:
                log.exception("%s ended with an error that nobody expected.", name)
        else:
            why = "it ended by itself"
        if loop.time() - began > longest_wait:
            wait = first_wait
        log.warning("%s has ended (%s); it is started again in %g s.", name, why, wait)
        await tell(name, report.waiting(why, expected=expected))
        await asyncio.sleep(wait)
        wait = min(wait * 2, longest_wait)


def describe(error: BaseException) -> str:
    """What happened, on one line: the kind of error, and the first line of what it says.

    Databases put what was to be stored into the lines after it.
    """
    words = str(error).strip().partition("\n")[0].strip()
    kind = type(error).__name__
    return f"{kind}: {words}" if words and words != kind else kind


async def tell(name: str, telling: Awaitable[None]) -> None:
    """Wait for a report, which may fail: what it is about goes on all the same."""
    try:
        await telling
    except Exception:
        # The service goes on: its state is told at the next change.
        log.exception("The state of %s could not be noted.", name)
