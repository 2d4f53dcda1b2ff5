"""Downloads for an import: many images from few hosts, each host by itself and with patience.

A host that fails several times in a row, or asks for a pause, is asked for nothing until the pause
is over, and then for one image at a time until one comes. Other hosts never wait for it. An image
that did not arrive is the caller's to ask for again, after the others.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from yarl import URL

from bot.runtime.download import (
    Downloaded,
    Downloader,
    DownloadFailed,
    DownloadRefused,
    NoConnection,
)

#: Images that are asked for at the same time of one host.
PER_HOST = 4
#: Failures in a row after which it is the host that fails, and not an image of it.
IN_A_ROW = 4
#: Pauses of a host, seconds: the first, the longest by ourselves, the longest that it may ask for.
FIRST_PAUSE, OWN_PAUSE, LONGEST_PAUSE = 1.0, 5.0, 300.0
#: After so many seconds of nothing but failures a host is given up for now; and of another chance.
PATIENCE, SECOND_PATIENCE = 90.0, 30.0
#: The same where not even a connection comes about, as with most hosts that are gone.
DEAD_PATIENCE, SECOND_DEAD_PATIENCE = 20.0, 10.0

Sleep = Callable[[float], Awaitable[None]]


class HostAway(DownloadFailed):
    """The image's host does not answer; it is asked for nothing more for now."""


@dataclass(slots=True)
class _Host:
    name: str
    failures: int = 0
    failing_since: float = 0.0
    second_chance: bool = False
    opens_at: float = 0.0
    away: str | None = None
    places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(PER_HOST))
    probe: asyncio.Lock = field(default_factory=asyncio.Lock)


class HostDownloads:
    """Downloads images, with what is known of each host.

    Args:
        downloader: asks the hosts.
        sleep: waits for a number of seconds.
        monotonic: seconds of a clock that is never set.
    """

    def __init__(
        self,
        downloader: Downloader,
        *,
        sleep: Sleep = asyncio.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._downloader = downloader
        self._sleep = sleep
        self._monotonic = monotonic
        self._hosts: dict[str, _Host] = {}

    async def download(self, url: str) -> Downloaded:
        """The image at ``url``.

        Raises:
            DownloadRefused: its host does not give it out, or it will never work.
            DownloadFailed: it did not arrive this time.
            HostAway: its host did not answer for `PATIENCE` seconds.
        """
        host = self._hosts.setdefault(host_of(url), _Host(host_of(url)))
        async with host.places:
            if host.failures < IN_A_ROW:
                return await self._ask(host, url)
            # One at a time until one comes: the next waits, and finds what this one found.
            async with host.probe:
                if host.away is None and host.failures >= IN_A_ROW:
                    await self._sleep(max(0.0, host.opens_at - self._monotonic()))
                return await self._ask(host, url)

    def try_again(self) -> None:
        """Give the hosts that were given up another chance."""
        for host in self._hosts.values():
            if host.away is not None:
                host.away = None
                host.failing_since = self._monotonic()
                host.second_chance = True

    async def _ask(self, host: _Host, url: str) -> Downloaded:
        if host.away is not None:
            raise HostAway(host.away)
        asked_at = self._monotonic()
        try:
            found = await self._downloader.download(url)
        except DownloadFailed as failure:
            self._failed(host, failure, asked_at)
            if host.away is not None:
                raise HostAway(host.away) from failure
            raise DownloadFailed(_sentence(host, failure)) from failure
        except DownloadRefused:
            host.failures = 0
            raise
        host.failures = 0
        return found

    def _failed(self, host: _Host, failure: DownloadFailed, asked_at: float) -> None:
        now = self._monotonic()
        asked = failure.retry_after.total_seconds() if failure.retry_after is not None else 0.0
        if host.failures == 0:
            host.failing_since = asked_at
        host.failures = max(host.failures + 1, IN_A_ROW if asked else 0)
        if host.failures >= IN_A_ROW and asked_at >= host.opens_at:
            # Those that were on the way together fail together: that is one pause.
            pause = FIRST_PAUSE * 2 ** min(host.failures - IN_A_ROW, 16)
            host.opens_at = now + min(pause, OWN_PAUSE)
        host.opens_at = max(host.opens_at, now + asked)
        if asked > LONGEST_PAUSE:
            host.away = f"{host.name} asks to be left alone for {asked / 60:.0f} minutes."
        elif now - host.failing_since >= _patience(host, failure):
            host.away = _sentence(host, failure)


def _sentence(host: _Host, failure: DownloadFailed) -> str:
    why = "no connection" if isinstance(failure, NoConnection) else str(failure)
    return f"{host.name} did not give it out ({why}); import the same file again later."


def _patience(host: _Host, failure: DownloadFailed) -> float:
    """Seconds of failures after which a host is given up."""
    if isinstance(failure, NoConnection):
        return SECOND_DEAD_PATIENCE if host.second_chance else DEAD_PATIENCE
    return SECOND_PATIENCE if host.second_chance else PATIENCE


def host_of(url: str) -> str:
    """The host of an address, with its port where one is given; empty where it is none."""
    try:
        return URL(url).host_port_subcomponent or ""
    except ValueError:
        return ""
