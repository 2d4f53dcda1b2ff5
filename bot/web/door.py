"""The door of the board: who comes gets a place, or is told when to come back.

Connections are accepted here, a few at a time, and whoever finds no place is turned away before
anything is made for them: a flood of connections costs next to nothing, and leaves Discord and
Reddit their turns in between.
"""

import asyncio
import errno
import logging
import socket
from collections import deque
from collections.abc import Callable

from aiohttp import web

from bot.web.connections import Connection, Places

log = logging.getLogger(__name__)

#: Connections that wait to be accepted: the system keeps them.
_BACKLOG = 512
#: Connections that are accepted before others have their turn.
_AT_ONCE = 4
#: How long accepting rests when the system has no more files or memory, seconds.
_REST_SECONDS = 1.0
_NO_MORE = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
#: How long who is turned away has to read it, seconds, and how many may do so at once.
_GOODBYE_SECONDS = 1.0
_RETRY_AFTER = 5
_FULL = b"The board has too many visitors just now; try again in a few seconds.\n"
_GOODBYE = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Retry-After: %d\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
    b"Connection: close\r\nContent-Length: %d\r\n\r\n%s" % (_RETRY_AFTER, len(_FULL), _FULL)
)


class Door:
    """Accepts connections on sockets that are bound.

    Args:
        bound: holds the sockets; it does not serve.
        connection: makes a connection for whoever is let in.
        places: who is let in.
        most_goodbyes: sockets of those turned away that are kept open for a moment.
    """

    def __init__(
        self,
        bound: asyncio.Server,
        connection: Callable[[], Connection],
        places: Places,
        *,
        most_goodbyes: int,
    ) -> None:
        self._bound = bound
        self._connection = connection
        self._places = places
        self._most_goodbyes = most_goodbyes
        self._goodbyes: deque[socket.socket] = deque()
        listeners = [each.dup() for each in bound.sockets]
        for each in listeners:
            each.listen(_BACKLOG)
        self._tasks = [asyncio.create_task(self._accept(each)) for each in listeners]
        for task in self._tasks:
            task.add_done_callback(self._ended)

    def close(self) -> None:
        """Accept no more; connections that are open go on."""
        for task in self._tasks:
            task.cancel()
        while self._goodbyes:
            self._goodbyes.popleft().close()

    async def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        with listener:
            while True:
                for _ in range(_AT_ONCE):
                    try:
                        arrived, address = await loop.sock_accept(listener)
                    except OSError as error:
                        # Whoever came is gone already, or there is nothing left to accept with.
                        if error.errno in _NO_MORE:
                            log.warning("The board can accept nobody just now: %s", error)
                            await asyncio.sleep(_REST_SECONDS)
                        continue
                    try:
                        if self._places.has_room(address[0]):
                            await self._let_in(arrived)
                        else:
                            self._turn_away(arrived)
                    except BaseException:
                        arrived.close()
                        raise
                await asyncio.sleep(0)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        """After a fault nobody is let into a silent house: the door closes, and opens anew."""
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("The door of the board failed, and is closed.", exc_info=error)
            self.close()
            self._bound.close()

    async def _let_in(self, arrived: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.connect_accepted_socket(self._connection, arrived)
        except OSError:
            # Whoever came has left meanwhile.
            arrived.close()

    def _turn_away(self, arrived: socket.socket) -> None:
        log.warning("A connection to the board was turned away: all places are taken.")
        try:
            arrived.send(_GOODBYE)
            arrived.shutdown(socket.SHUT_WR)
        except OSError:
            arrived.close()
            return
        # Closed at once, it would take back what was not read yet.
        self._goodbyes.append(arrived)
        if len(self._goodbyes) > self._most_goodbyes:
            self._goodbyes.popleft().close()
        asyncio.get_running_loop().call_later(_GOODBYE_SECONDS, self._end_goodbye, arrived)

    def _end_goodbye(self, arrived: socket.socket) -> None:
        if arrived.fileno() >= 0:
            # They end in the order in which they began.
            self._goodbyes.popleft().close()


class Site(web.BaseSite):
    """Listens on an address, and gives connections their places."""

    def __init__(
        self, runner: web.AppRunner, host: str, port: int, places: Places, goodbyes: int
    ) -> None:
        super().__init__(runner)
        self._host = host
        self._port = port
        self._places = places
        self._goodbyes = goodbyes
        self._door: Door | None = None

    @property
    def name(self) -> str:
        """Where it listens."""
        return f"http://{self._host}:{self._port}"

    async def start(self) -> None:
        """Begin to listen.

        Raises:
            OSError: the address cannot be listened on.
        """
        await super().start()
        server = self._runner.server
        assert server is not None  # noqa: S101 - what a runner has that was set up
        loop = asyncio.get_running_loop()

        def connection() -> Connection:
            return Connection(server, self._places, loop=loop)

        # It binds the addresses; who comes is met at the door.
        bound = await loop.create_server(connection, self._host, self._port, start_serving=False)
        self._server = bound
        self._door = Door(bound, connection, self._places, most_goodbyes=self._goodbyes)

    async def stop(self) -> None:
        """Listen no more; connections that are open go on."""
        if self._door is not None:
            self._door.close()
        await super().stop()


def files_for(share: float, most: int) -> int:
    """``most``, but no more than a share of the files that this process may have open."""
    try:
        import resource
    except ImportError:  # Windows has no such limit.
        return most
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return most if files == resource.RLIM_INFINITY else max(min(most, int(files * share)), 1)
