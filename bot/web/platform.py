"""The local board as a platform: its page is where people are, its own tables hold the votes."""

import asyncio
import errno
import logging
import socket
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from aiohttp import web

from bot.communities import adopt_settings
from bot.core import Core
from bot.platform import PlatformRefused, PostRef, Reading, ScoreRead
from bot.posts.pipeline import Pipeline
from bot.runtime.supervisor import keep_running, only, tell
from bot.runtime.task_group import TaskGroup
from bot.serving.forecast import Card, Ending
from bot.setup_checks import SetupCheck
from bot.web.admins import Admins
from bot.web.backups import Backups
from bot.web.client_address import TrustedProxies
from bot.web.connections import Places
from bot.web.door import Site, files_for
from bot.web.health import Readiness
from bot.web.services import Services
from bot.web.site import make_site
from bot.web.votes import scores_at_horizon
from storage.types import PlatformName

log = logging.getLogger(__name__)

#: How long requests that are being answered may hold up the end, seconds.
_SHUTDOWN_SECONDS = 2.0
#: Of the files that the process may have open: those of connections to the board, and of those who
#: are told that there is no place. What is left is for the database, Discord and Reddit.
_SHARE_OF_PLACES, _SHARE_OF_GOODBYES = 0.5, 0.2
_MOST_GOODBYES = 2000
#: How often it is checked that the page can be reached, seconds, and how long that may take.
_LOOK_SECONDS, _PATIENCE = 15.0, 10.0
#: Before a page that has closed is opened again, seconds.
_FIRST_WAIT = 1.0
#: Where a server that listens on all addresses is reached.
_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - not listened on


class BoardClosed(Exception):
    """Nobody listens at the board's address any more."""


class WebPlatform:
    """A community on this machine."""

    name = PlatformName.WEB

    def __init__(
        self,
        core: Core,
        pipeline: Pipeline,
        readiness: Readiness,
        backups: Backups,
        checks: Mapping[PlatformName, SetupCheck] = MappingProxyType({}),
    ) -> None:
        self.tasks = TaskGroup()
        admins = Admins(core.people_key)
        self._services = Services(core, pipeline, self.tasks, readiness, admins, backups, checks)
        self._runner: web.AppRunner | None = None
        #: Kept when the page is opened again: its address stays.
        self._port = core.settings.web_port
        self._report = core.services.report("board", "The board")
        self._task: asyncio.Task[Exception] | None = None
        self._places = Places(
            files_for(_SHARE_OF_PLACES, core.settings.web_connections),
            core.settings.web_connections_each,
            TrustedProxies(core.settings.web_trusted_proxies),
        )

    async def start(self) -> None:
        """Serve the page, and open it again whenever it closes.

        Raises:
            PlatformRefused: the address cannot be listened on; the message names the setting.
        """
        services = self._services
        await adopt_settings(services.database, self.name, services.community)
        await self._open()
        log.info("%s is open at %s", services.settings.board_name, self.url)
        log.info("Whoever opens this link first is its admin: %s", self.admin_link())
        self._task = asyncio.create_task(
            keep_running(
                "The board",
                self._run,
                report=self._report,
                away=only(BoardClosed, PlatformRefused),
                first_wait=_FIRST_WAIT,
            ),
            name="board",
        )

    @property
    def url(self) -> str:
        """Where the board is, once it was started."""
        if not self._port:
            raise RuntimeError("the board was not started")
        host = self._services.settings.web_host
        return f"http://{f'[{host}]' if ':' in host else host}:{self._port}/"

    def admin_link(self) -> str:
        """A new link that makes whoever opens it the admin, once."""
        return self._services.admins.link(self.url)

    @property
    def connections(self) -> int:
        """How many connections there are."""
        return len(self._places)

    async def stop(self) -> None:
        """Stop serving; posts and training runs that are under way are left to the tables."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            self._task = None
            await tell("The board", self._report.closed())
        await self._close()
        await self.tasks.stop()

    async def _open(self) -> None:
        host = self._services.settings.web_host
        runner = web.AppRunner(
            make_site(self._services), access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS
        )
        await runner.setup()
        try:
            goodbyes = files_for(_SHARE_OF_GOODBYES, _MOST_GOODBYES)
            await Site(runner, host, self._port, self._places, goodbyes).start()
        except OSError as error:
            await runner.cleanup()
            raise PlatformRefused(_why_not(error, host, self._port)) from error
        self._runner, self._port = runner, runner.addresses[0][1]

    async def _close(self) -> None:
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    async def _run(self) -> None:
        """Watch over the page until it is closed.

        Raises:
            BoardClosed: nobody listens any more.
            PlatformRefused: it cannot be opened again.
        """
        if self._runner is None:
            await self._open()
        try:
            await self._report.running()
            while True:
                await asyncio.sleep(_LOOK_SECONDS)
                await self._connect()
        finally:
            await self._close()

    async def _connect(self) -> None:
        host = self._services.settings.web_host
        try:
            async with asyncio.timeout(_PATIENCE):
                _, writer = await asyncio.open_connection(_LOOPBACK.get(host, host), self._port)
        except OSError as error:
            raise BoardClosed(f"{self.url} does not answer: {error}") from error
        writer.close()

    async def reply(self, post: PostRef, card: Card, *, sent_before: bool) -> str:
        """Pages read the card from the tables; there is nothing to send."""
        return f"card-{post.post_id}"

    async def withdraw(self, post: PostRef, reply_id: str | None) -> None:
        """The feed shows no withdrawn posts; there is nothing to take away."""
        return

    async def announce(
        self, text: str, community_source_id: str | None, *, told_since: datetime | None
    ) -> None:
        """Notices are read from the tables by the model page."""
        return

    async def settle(self, post: PostRef, reply_id: str, outcome: Ending) -> None:
        """Pages read the outcome from the tables."""
        return

    async def read_scores(self, posts: Sequence[PostRef]) -> Mapping[int, Reading]:
        """Net upvotes now, or at the horizon where that is past: later votes do not count."""
        now = self._services.clock()
        async with self._services.database.read() as session:
            scores = await scores_at_horizon(session, posts)
        return {
            post.post_id: ScoreRead(score, min(now, post.horizon_at), reactors=people)
            for post in posts
            for score, people in [scores.get(post.post_id, (0, 0))]
        }


def _why_not(error: OSError, host: str, port: int) -> str:
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return (
            f"The board cannot listen on {host}: that is not an address of this machine. Set"
            " PEORIA_WEB_HOST to one that is, such as 127.0.0.1."
        )
    if error.errno == errno.EADDRINUSE:
        return (
            f"The board cannot listen on port {port} of {host}: another program uses it, perhaps"
            " another Peoria. Stop that, or set PEORIA_WEB_PORT to a free port."
        )
    return (
        f"The board cannot listen on port {port} of {host} ({error.strerror}). Set PEORIA_WEB_PORT"
        " and PEORIA_WEB_HOST to a port and an address that this account may use."
    )
