"""The local board as a platform: its page is where people are, its own tables hold the votes."""

import errno
import logging
import socket
from collections.abc import Mapping, Sequence

from aiohttp import web

from bot.communities import adopt_settings
from bot.core import Core
from bot.platform import PlatformRefused, PostRef, Reading, ScoreRead
from bot.posts.pipeline import Pipeline
from bot.runtime.task_group import TaskGroup
from bot.serving.forecast import Card, Outcome, OutcomeUnknown
from bot.web.services import Services
from bot.web.site import make_site
from bot.web.votes import scores_at_horizon
from storage.types import PlatformName

log = logging.getLogger(__name__)

#: How long requests that are being answered may hold up the end, seconds.
_SHUTDOWN_SECONDS = 2.0


class WebPlatform:
    """A community on this machine."""

    name = PlatformName.WEB

    def __init__(self, core: Core, pipeline: Pipeline) -> None:
        self.tasks = TaskGroup()
        self._services = Services(core, pipeline, self.tasks)
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Serve the page.

        Raises:
            PlatformRefused: the address cannot be listened on; the message names the setting.
        """
        services = self._services
        settings = services.settings
        await adopt_settings(services.database, self.name, services.community)
        runner = web.AppRunner(
            make_site(services), access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS
        )
        await runner.setup()
        try:
            await web.TCPSite(runner, settings.web_host, settings.web_port).start()
        except OSError as error:
            await runner.cleanup()
            raise PlatformRefused(_why_not(error, settings.web_host, settings.web_port)) from error
        self._runner = runner
        log.info("%s is open at %s", settings.board_name, self.url)

    @property
    def url(self) -> str:
        """Where the board is, once it was started."""
        if self._runner is None:
            raise RuntimeError("the board was not started")
        host = self._services.settings.web_host
        port = self._runner.addresses[0][1]
        return f"http://{f'[{host}]' if ':' in host else host}:{port}/"

    async def stop(self) -> None:
        """Stop serving; posts and training runs that are under way are left to the tables."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        await self.tasks.stop()

    async def reply(self, post: PostRef, card: Card, *, sent_before: bool) -> str:
        """Pages read the card from the tables; there is nothing to send."""
        return f"card-{post.post_id}"

    async def withdraw(self, post: PostRef, reply_id: str | None) -> None:
        """The feed shows no withdrawn posts; there is nothing to take away."""
        return

    async def announce(self, text: str, community_source_id: str | None) -> None:
        """Notices are read from the tables by the model page."""
        return

    async def settle(self, post: PostRef, reply_id: str, outcome: Outcome | OutcomeUnknown) -> None:
        """Pages read the outcome from the tables."""
        return

    async def read_scores(self, posts: Sequence[PostRef]) -> Mapping[int, Reading]:
        """Net upvotes now, or at the horizon where that is past: later votes do not count."""
        now = self._services.clock()
        async with self._services.database.read() as session:
            scores = await scores_at_horizon(session, posts)
        return {
            post.post_id: ScoreRead(scores.get(post.post_id, 0), min(now, post.horizon_at))
            for post in posts
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
