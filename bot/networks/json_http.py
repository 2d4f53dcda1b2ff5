"""Requests for JSON, one at a time, and when the next one may be made.

Used instead of the networks' client libraries: these wait on a thread, give up in ways that cannot
be told apart, or hold an answer's own words back, so that nobody could tell a post that is gone
from a server that is away.
"""

import asyncio
import json
import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp

from bot.platform import PlatformUnavailable
from bot.runtime.clock import Clock
from bot.runtime.http_date import read_date, retry_after

#: Longest time for one answer, seconds; longest answer that is read, bytes.
SECONDS, MOST_BYTES = 20.0, 8 * 2**20
#: Waits after failures double from the first to the longest.
_FIRST_WAIT, _LONGEST_WAIT = timedelta(seconds=5), timedelta(minutes=10)
#: The wait where a server asks for fewer requests without a time, and the longest it may ask for.
_DEFAULT_WAIT, _LONGEST_ASKED = timedelta(minutes=1), timedelta(hours=2)

Params = Sequence[tuple[str, str | int]]


@dataclass(frozen=True, slots=True)
class Answer:
    """A server's answer that can be read: its status, and the object or the list in it."""

    status: int
    found: Any

    @property
    def object(self) -> Mapping[str, Any]:
        """The object; empty where it is none."""
        return self.found if isinstance(self.found, dict) else {}

    @property
    def items(self) -> Sequence[Mapping[str, Any]]:
        """The objects in the list; empty where it is none."""
        return objects(self.found)


def objects(found: object) -> Sequence[Mapping[str, Any]]:
    """The objects in what should be a list."""
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


class JsonHttp:
    """Asks one server.

    Args:
        title: what people call it.
        agent: how we call ourselves.
        jitter: chance, 0 to 1.
    """

    def __init__(
        self,
        title: str,
        *,
        agent: str,
        clock: Clock,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._title = title
        self._agent = agent
        self._clock = clock
        self._jitter = jitter
        self._session: aiohttp.ClientSession | None = None
        self._until: datetime | None = None
        #: When the latest wait was noted.
        self._noted_at = clock()
        self._why = ""
        self._failures = 0
        #: Held by who asks: one request at a time.
        self.turn = asyncio.Lock()
        #: Requests that were tried since the start.
        self.requests = 0

    def check_wait(self) -> None:
        """Do nothing if the next request may be made.

        Raises:
            PlatformUnavailable: the server is to be left alone for a while.
        """
        now = self._clock()
        if now < self._noted_at:
            # Our clock was put back: what was noted by it means nothing any more.
            self._until = None
        if self._until is not None and now < self._until:
            raise PlatformUnavailable(self._why, self._until - now)

    def begin_anew(self) -> None:
        """Wait no more."""
        self._until = None

    async def request(
        self,
        method: str,
        url: str,
        *,
        params: Params = (),
        given: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        asks_to_wait: Callable[[Any], bool] = lambda _: False,
    ) -> Answer:
        """Ask once; an answer with a status of 200 to 499 that can be read comes back.

        Args:
            given: sent as JSON.
            asks_to_wait: whether what an answer says is that there were too many requests.

        Raises:
            PlatformUnavailable: the server did not answer, or asked for fewer requests.
        """
        self.requests += 1
        if self._session is None:
            # Pixelfed tells what is wrong as a page for people where JSON is not asked for.
            self._session = aiohttp.ClientSession(
                headers={"User-Agent": self._agent, "Accept": "application/json"}
            )
        try:
            async with (
                asyncio.timeout(SECONDS),
                self._session.request(
                    method,
                    url,
                    params=params or None,
                    json=given,
                    headers=headers,
                    allow_redirects=False,
                ) as answer,
            ):
                body = b""
                async for chunk in answer.content.iter_chunked(2**16):
                    body += chunk
                    if len(body) > MOST_BYTES:
                        break
                status, said = answer.status, answer.headers
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            # What it says of itself may hold a password.
            why = f"no answer from {self._title} ({type(error).__name__})"
            raise self.failed(why) from None
        found = _json(body)
        if status == 429 or asks_to_wait(found):
            wait = retry_after(said) or _until_reset(said) or _DEFAULT_WAIT
            raise self._wait(min(wait, _LONGEST_ASKED), f"{self._title} asked for fewer requests")
        if status >= 500 or found is None or 300 <= status < 400:
            raise self.failed(f"{self._title} answered {status}")
        self._failures = 0
        return Answer(status, found)

    def failed(self, why: str) -> PlatformUnavailable:
        """Note that there was no answer, or none that makes sense; half of each wait is chance."""
        full = min(_FIRST_WAIT * 2 ** min(self._failures, 16), _LONGEST_WAIT)
        self._failures += 1
        return self._wait(full * (0.5 + 0.5 * self._jitter()), why)

    def _wait(self, wait: timedelta, why: str) -> PlatformUnavailable:
        self._noted_at = self._clock()
        self._until, self._why = self._noted_at + wait, why
        return PlatformUnavailable(why, wait)

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None


def _json(body: bytes) -> Any:
    """What the body says; None: nothing that can be read."""
    if len(body) > MOST_BYTES:
        return None
    try:
        found = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict | list) else None


def _until_reset(headers: Mapping[str, str]) -> timedelta | None:
    """How long until requests count anew, 0 or more; None where the server does not say.

    Mastodon gives a moment (``X-RateLimit-Reset``), Bluesky seconds since 1970
    (``RateLimit-Reset``), both by the clock that their ``Date`` tells.
    """
    now = read_date(headers.get("Date"))
    said = headers.get("X-RateLimit-Reset") or headers.get("RateLimit-Reset") or ""
    if now is None:
        return None
    try:
        if said.isascii() and said.isdecimal():
            seconds = float(said) - now.timestamp()
        else:
            reset = datetime.fromisoformat(said)
            seconds = (reset.replace(tzinfo=reset.tzinfo or UTC) - now).total_seconds()
    except (ValueError, OverflowError):
        return None
    return timedelta(seconds=min(max(seconds, 0.0), 10**9)) if math.isfinite(seconds) else None
