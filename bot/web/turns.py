"""How many requests the board works on at once: the rest wait a moment, or come back later."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from aiohttp.typedefs import Handler

from bot.texts.translate import gettext as _
from bot.web.refusals import Refusal

#: When to come back, seconds.
RETRY_AFTER = 5


class Overloaded(Refusal):
    """More is asked for than the board can answer soon."""

    def __init__(self) -> None:
        super().__init__(
            503,
            _("The board is busy just now; try again in a few seconds."),
            retry_after=RETRY_AFTER,
        )


class Turns:
    """Lets so many at a time work, and a few more wait for a while.

    Args:
        at_once: how many work at the same time, at least 1.
        waiting: how many may wait, at least 0.
        seconds: how long one waits.
    """

    def __init__(self, at_once: int, *, waiting: int, seconds: float) -> None:
        self._free = asyncio.Semaphore(at_once)
        self._most_waiting = waiting
        self._waiting = 0
        self._seconds = seconds

    @property
    def is_busy(self) -> bool:
        """Whether whoever comes now has to wait."""
        return self._free.locked()

    @asynccontextmanager
    async def take(self) -> AsyncIterator[None]:
        """Wait for a turn; it lasts as long as the block.

        Raises:
            Overloaded: too many wait already, or it takes too long.
        """
        if self._free.locked():
            if self._waiting >= self._most_waiting:
                raise Overloaded
            self._waiting += 1
            try:
                async with asyncio.timeout(self._seconds):
                    await self._free.acquire()
            except TimeoutError as error:
                raise Overloaded from error
            finally:
                self._waiting -= 1
        else:
            await self._free.acquire()
        try:
            yield
        finally:
            self._free.release()


#: Paths, or how they begin.
_AT_ONCE = ("/static/", "/images/", "/live", "/livez", "/healthz")


@web.middleware
async def read_in_turn(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A page waits its turn among those who read; what changes something has turns of its own.

    What needs no database is answered at once, and so is what lasts as long as a page is open;
    images and the first page take turns themselves.
    """
    at_once = request.path == "/" or request.path.startswith(_AT_ONCE)
    if request.method not in ("GET", "HEAD") or at_once:
        return await handler(request)
    async with request.config_dict[READING].take():
        return await handler(request)


#: A board's database has 15 connections for all platforms: its readers and its writers together
#: leave some of them free, whatever comes.
READING = web.AppKey("reading", Turns)
WRITING = web.AppKey("writing", Turns)


def set_up_turns(site: web.Application) -> None:
    """Give the board its turns."""
    site[READING] = Turns(4, waiting=32, seconds=1.0)
    site[WRITING] = Turns(4, waiting=32, seconds=5.0)
