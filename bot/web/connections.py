"""Connections to the board: so many at once, none of them idle or slow for long.

aiohttp's server takes as many connections as the system gives, each of them a file that Discord
and Reddit then cannot open. Here there is a place for each; who comes when all are taken gets the
place of the connection that has been idle for longest, or is told to come back.
"""

import asyncio
import logging
from collections import OrderedDict
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from bot.web.client_address import TrustedProxies, household_of

log = logging.getLogger(__name__)

#: How long a connection may be without a request, and how long the head of one may take, seconds.
IDLE_SECONDS = 15.0
#: How long what is left of a refused body is still read, seconds.
_LINGERING_SECONDS = 2.0
#: How long one request may take in all, with its answer sent to a slow reader, seconds.
REQUEST_SECONDS = 300.0
#: How often slow requests are looked for, seconds.
_LOOK_SECONDS = 30.0
#: How long a connection keeps its place at least, seconds.
GRACE_SECONDS = 5.0

#: What every answer says in the header Server: no version.
SERVER = "Peoria"


class Places:
    """Places for connections, in all and for the addresses of one visitor.

    Args:
        most: in all, at least 1.
        most_each: for one IPv4 address or one IPv6 /64, at least 1.
        proxies: addresses that stand for many visitors, and have no limit of their own.
    """

    def __init__(self, most: int, most_each: int, proxies: TrustedProxies) -> None:
        self._most = most
        self._most_each = most_each
        self._proxies = proxies
        #: Those that were used longest ago first.
        self._all: OrderedDict[Connection, str] = OrderedDict()
        self._by_household: dict[str, OrderedDict[Connection, None]] = {}

    def __len__(self) -> int:
        return len(self._all)

    def has_room(self, address: str | None) -> bool:
        """Whether there is a place for one more; where it must, an idle connection makes room."""
        neighbours = self._by_household.get(self._household(address))
        if neighbours and len(neighbours) >= self._most_each and not _close_idle(neighbours):
            return False
        return len(self._all) < self._most or _close_idle(self._all)

    def take(self, connection: "Connection", address: str | None) -> None:
        """Give a connection a place; ask `has_room` first."""
        household = self._household(address)
        self._all[connection] = household
        if household:
            self._by_household.setdefault(household, OrderedDict())[connection] = None

    def used(self, connection: "Connection") -> None:
        """A connection was used just now."""
        household = self._all.get(connection)
        if household is None:
            return
        self._all.move_to_end(connection)
        if household:
            self._by_household[household].move_to_end(connection)

    def leave(self, connection: "Connection") -> None:
        """A connection's place is free again; nothing happens where it had none."""
        household = self._all.pop(connection, None)
        if household:
            neighbours = self._by_household[household]
            del neighbours[connection]
            if not neighbours:
                del self._by_household[household]

    def _household(self, address: str | None) -> str:
        return "" if address in self._proxies else household_of(address)


def _close_idle(connections: "OrderedDict[Connection, Any]") -> bool:
    for each in connections:
        if each.is_young:
            # So are all that follow.
            return False
        if each.is_idle:
            each.cut()
            return True
    return False


class Connection(web.RequestHandler):
    """One connection, which has a place or is turned away."""

    __slots__ = ("_looks", "_places", "_seen", "_timer", "_used_at")

    def __init__(
        self, server: web.Server, places: Places, *, loop: asyncio.AbstractEventLoop
    ) -> None:
        options: dict[str, Any] = {
            # Also the longest time that the head of a request may take: bytes do not prolong it.
            "keepalive_timeout": IDLE_SECONDS,
            "lingering_time": _LINGERING_SECONDS,
            "access_log": None,
            # A few bytes could become gigabytes: compressed requests are refused as they are.
            "auto_decompress": False,
        }
        super().__init__(server, loop=loop, **options)
        self._places = places
        self._used_at = loop.time()
        self._timer: asyncio.TimerHandle | None = None
        #: How many requests there were at the last look, and since how many looks.
        self._seen = 0
        self._looks = 0

    @property
    def is_idle(self) -> bool:
        """Whether no whole request is here that waits for its answer."""
        return not self._request_in_progress and not self._messages

    @property
    def is_young(self) -> bool:
        """Whether it came or was used just now: whoever came is given time to say what for."""
        return self._loop.time() - self._used_at < GRACE_SECONDS

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a place."""
        peer = transport.get_extra_info("peername")
        self._places.take(self, peer[0] if peer else None)
        super().connection_made(transport)
        self._timer = self._loop.call_later(_LOOK_SECONDS, self._look)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Give the place back."""
        self._places.leave(self)
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)

    def log_access(
        self, request: web.BaseRequest, response: web.StreamResponse, time: float | None
    ) -> None:
        """An answer was sent: from now on the connection is idle."""
        self._used_at = self._loop.time()
        self._places.used(self)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The answer to what is no HTTP, and to faults outside the middlewares."""
        if not isinstance(exc, HttpProcessingError):
            response = super().handle_error(request, status, exc, message)
        else:
            # Everybody on the internet may send such things: it is no fault, and no error of ours.
            log.debug("What came was no HTTP request: %s", exc.message)
            response = web.Response(
                status=400, text="This is not a request that the board understands.\n"
            )
            response.force_close()
        response.headers["Server"] = SERVER
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    def log_exception(self, *args: Any, **kw: Any) -> None:
        """A fault that nobody met; a body that turns out to be none is no fault of ours."""
        if isinstance(kw.get("exc_info"), web.RequestPayloadError):
            log.debug("What came after a request was not its body: %s", kw["exc_info"])
        else:
            super().log_exception(*args, **kw)

    def cut(self) -> None:
        """End the connection at once, and free its place."""
        self._places.leave(self)
        if self.transport is not None:
            # Not closed: that would wait for whoever does not read.
            self.transport.abort()

    def _look(self) -> None:
        """End a request that takes too long, also where its answer is not read."""
        same = self._request_in_progress and self._request_count == self._seen
        self._looks = self._looks + 1 if same else 0
        self._seen = self._request_count
        if self._looks * _LOOK_SECONDS >= REQUEST_SECONDS:
            self.cut()
        else:
            self._timer = self._loop.call_later(_LOOK_SECONDS, self._look)
