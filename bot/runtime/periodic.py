"""Work that is done again and again at a steady pace, whatever becomes of one turn of it.

Turns go by the event loop's clock, which never goes back. Loops by the time of day, as those of
discord.py are, stand still for an hour when the machine's clock is set back by one, and make up for
a day without a pause when it is set ahead.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

from bot.runtime.supervisor import NOTHING, IsExpected, ServiceReport, describe, tell

log = logging.getLogger(__name__)


class TurnReport(ServiceReport, Protocol):
    """Who wants to know how turns go."""

    async def closed(self) -> None:
        """There are no more turns, on purpose."""


class Periodic:
    """Does something every so many seconds, one turn at a time.

    An error ends a turn and nothing else: it is logged and reported, and the next turn comes at its
    time. The same error turn after turn is one line with a count, as `FoldRepeats` writes it.

    Args:
        what: what is done, for the log and for admins: "Closing replies on Discord".
        seconds: from the begin of one turn to the begin of the next; a turn that takes longer is
            followed by the next at once.
        work: one turn.
        report: hears of a turn that failed, and that turns work again. Of what never failed it
            hears nothing.
        away: says of which errors that they are expected now and then, and need no traceback.
    """

    def __init__(
        self,
        what: str,
        seconds: float,
        work: Callable[[], Awaitable[object]],
        *,
        report: TurnReport,
        away: IsExpected = NOTHING,
    ) -> None:
        self._what = what
        self._seconds = seconds
        self._work = work
        self._report = report
        self._away = away
        self._task: asyncio.Task[None] | None = None
        self._has_failed = False
        self._was_reported = False

    def start(self) -> None:
        """Begin with the first turn, now."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name=self._what)

    async def stop(self) -> None:
        """End for good: a turn that is under way is cancelled, and waited for."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            self._task = None
        if self._was_reported:
            self._was_reported = False
            await tell(self._what, self._report.closed())

    async def turn(self) -> None:
        """One turn; never raises an error of the work."""
        try:
            await self._work()
        except Exception as error:
            expected = self._away(error)
            if expected:
                log.warning("%s has to wait (%s).", self._what, describe(error))
            else:
                log.exception("%s failed; it is tried again.", self._what)
            await self._failed(error, expected=expected)
        else:
            if self._has_failed:
                self._has_failed = False
                await tell(self._what, self._report.running())

    async def _failed(self, error: Exception, *, expected: bool) -> None:
        self._has_failed = self._was_reported = True
        await tell(self._what, self._report.waiting(describe(error), expected=expected))

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            begun = loop.time()
            await self.turn()
            await asyncio.sleep(max(begun + self._seconds - loop.time(), 0.0))
