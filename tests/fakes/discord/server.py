"""The loopback Discord as a whole: started, waited for, disturbed, and its log."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import TracebackType
from typing import Any, TypeVar

from aiohttp import web

from tests.fakes.discord.asking import Asking
from tests.fakes.discord.faults import Action, Hook, Moment
from tests.fakes.discord.gateway import INVALID_SESSION, RECONNECT, Gateway
from tests.fakes.discord.idle import busy, turn
from tests.fakes.discord.interactions import PATIENCE
from tests.fakes.discord.messages import Upload
from tests.fakes.discord.rest import Rest
from tests.fakes.discord.world import Payload, Snowflakes

T = TypeVar("T")


@dataclass(eq=False)
class Request:
    """A line of the log: what the bot asked for.

    Attributes:
        route: with names in place of ids, ``/channels/{channel_id}/messages``.
        payload: the JSON; of an upload the part ``payload_json``.
        problems: what is wrong with it by Discord's own description.
        status: of the answer; None while there is none.
        seconds: how long the answer took.
    """

    method: str
    route: str
    path: str
    query: dict[str, str]
    payload: Any
    at: float
    files: list[Upload] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    status: int | None = None
    seconds: float | None = None

    @property
    def step(self) -> str:
        return f"{self.method} {self.route}"


class FakeDiscord(Asking):
    """The server, and everybody on it.

    Args:
        clock: what the time is; the dates in ids and the life of links go by it.
        message_content: whether the privileged intent is switched on for the application.
        members_intent: the same for the members of guilds.
        shards: how many shards Discord recommends.
        port: 0 takes a free one.
        validate_late: check requests in `assert_valid` only, so that they are answered faster.
        check_answers: hold its own answers against the official description, too, where that is
            there; slow.
    """

    def __init__(
        self, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        message_content: bool = True, members_intent: bool = False, shards: int = 1, port: int = 0,
        validate_late: bool = False, check_answers: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        self.clock = clock
        self.message_content = message_content
        self.members_intent = members_intent
        self.shards = shards
        self.validate_late = validate_late
        self.check_answers = check_answers
        #: For how long a repeated nonce gives back the first message.
        self.nonce_window = timedelta(minutes=5)
        self.wrong_answers: list[str] = []
        self.token = "MTIz.fake.token"
        self.new_id = Snowflakes(clock)
        self.bot = self.user("peoria", bot=True)
        self.owner = self.user("the owner")
        self.application_id = self.bot.id
        self.requests: list[Request] = []
        #: What the bot said when it identified, each time.
        self.identifies: list[Payload] = []
        #: What the CDN was asked for.
        self.downloads: list[str] = []
        self.in_flight = 0
        self.stopping = asyncio.Event()
        self.gateway = Gateway(self)
        self.rest = Rest(self)
        self._hooks: dict[str, list[Hook]] = {}
        self._changes = 0
        self._change: asyncio.Future[None] | None = None
        self._port = port
        self._runner: web.AppRunner | None = None

    # Running.

    async def __aenter__(self) -> "FakeDiscord":
        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_get("/gateway/", self.gateway.serve)
        app.router.add_get("/gateway", self.gateway.serve)
        app.router.add_get("/attachments/{channel}/{attachment}/{filename}", self._serve_file)
        app.router.add_get("/links/{name:.+}", self._serve_link)
        self.rest.add_routes(app, "/api/v10")
        app.on_response_prepare.append(self._tell_time)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self.stopping.set()
        for connection in list(self.gateway.connections):
            connection.abort()
        assert self._runner is not None
        await self._runner.cleanup()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def api_url(self) -> str:
        return f"{self.base_url}/api/v10"

    @property
    def cdn_url(self) -> str:
        return self.base_url

    @property
    def gateway_url(self) -> str:
        return f"ws://127.0.0.1:{self._port}/gateway/"

    @property
    def application_flags(self) -> int:
        return (1 << 19) * self.message_content | (1 << 15) * self.members_intent

    # What goes wrong.

    def on(
        self, step: str, action: Action, *, times: int | None = 1,
        when: Callable[[Moment], bool] | None = None,
    ) -> Hook:  # fmt: skip
        """Let ``action`` act at a step, the next ``times`` times (None: always)."""
        hook = Hook(step, action, times, when)
        self._hooks.setdefault(step, []).append(hook)
        return hook

    def limit(self, step: str, times: int, seconds: float) -> None:
        """Enforce a rate limit, as Discord's 5 messages in 5 seconds a channel."""
        self.rest.limit(step, times, seconds)

    def cut_gateway(self, _: object = None) -> None:
        """Break every gateway connection without a word; sessions can be resumed."""
        for connection in list(self.gateway.connections):
            connection.abort()

    async def ask_to_reconnect(self) -> None:
        for connection in list(self.gateway.connections):
            await connection.say(RECONNECT)

    async def invalidate_sessions(self, *, resumable: bool = False) -> None:
        """Tell the bot that its session is over, so that it has to identify again."""
        for connection in list(self.gateway.connections):
            if not resumable and connection.session is not None:
                self.gateway.sessions.pop(connection.session.id, None)
            await connection.say(INVALID_SESSION, resumable)

    def forget_sessions(self) -> None:
        """Sessions that are cut off now cannot be resumed: what happened meanwhile is not told."""
        self.gateway.sessions = {each.id: each for each in self.gateway.connected}

    async def revoke_token(self) -> None:
        """The owner resets the token in the developer portal."""
        self.token = "MTIz.another.token"
        for connection in list(self.gateway.connections):
            await connection.socket.close(code=4004, message=b"Authentication failed.")

    # Waiting.

    async def ready(self) -> None:
        """Wait until the bot is connected and has taken in everything it was told."""
        await self.until(lambda: self.gateway.connected)
        await self._taken_in()

    async def until(
        self, condition: Callable[[], T], what: str = "it", within: float = PATIENCE
    ) -> T:
        """Wait until something is the case on Discord, and return it."""
        try:
            async with asyncio.timeout(within):
                while not (value := condition()):
                    await self._next_change()
                return value
        except TimeoutError:
            raise AssertionError(f"{what} did not happen.\n{self._last_requests()}") from None

    async def settle(self, within: float = PATIENCE) -> None:
        """Wait until a bot in this process has done everything that follows from what happened.

        That is: it has taken in every event, none of its requests is under way, and each task of
        discord.py's handlers or of Peoria's own code waits for something new or for a time.
        """
        try:
            async with asyncio.timeout(within):
                while True:
                    await self._taken_in()
                    changes = self._changes
                    await turn()
                    at_work = busy()
                    if at_work:
                        await asyncio.wait(at_work, timeout=0.02)
                    elif self.in_flight:
                        await self._next_change()
                    elif changes == self._changes:
                        return
        except TimeoutError:
            raise AssertionError(
                f"the bot is still at work: {[str(task) for task in busy()]}\n"
                + self._last_requests()
            ) from None

    async def _taken_in(self) -> None:
        for session in self.gateway.connected:
            newest, connection = session.newest, session.connection
            if session.seen < newest and connection is not None:
                await self.until(
                    lambda s=session, c=connection: s.connection is not c or c.sent >= s.newest
                )
                # Heartbeats that the server asks for are answered in turn, after the events.
                await connection.ask_for_heartbeat()
                await self.until(
                    lambda s=session, c=connection, n=newest: s.connection is not c or s.seen >= n
                )

    def changed(self) -> None:
        """Something happened: whoever waits looks again."""
        self._changes += 1
        if self._change is not None and not self._change.done():
            self._change.set_result(None)

    async def _next_change(self) -> None:
        if self._change is None or self._change.done():
            self._change = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._change)

    # The log.

    def log_request(
        self, method: str, route: str, path: str, query: dict[str, str], payload: Any
    ) -> Request:
        now = asyncio.get_running_loop().time()
        entry = Request(method, route, path, query, payload, now)
        self.requests.append(entry)
        return entry

    def asked(self, step: str) -> list[Request]:
        """The requests of one kind: ``fake.asked("POST /channels/{channel_id}/messages")``."""
        return [entry for entry in self.requests if entry.step == step]

    def assert_valid(self) -> None:
        """Every request was one that Discord's own description takes."""
        if self.validate_late:
            for each in self.requests:
                each.problems = each.problems or self.rest.problems(each)
        wrong = [f"{each.method} {each.path}: {each.problems}" for each in self.requests
                 if each.problems]  # fmt: skip
        assert not wrong, "\n".join(wrong)

    def _last_requests(self) -> str:
        lines = [f"  {each.method} {each.path} → {each.status}" for each in self.requests[-10:]]
        return "The last requests were:\n" + "\n".join(lines)

    # For the other parts of the server.

    async def act(self, moment: Moment) -> web.StreamResponse | None:
        """Let the hooks of a step act; the first answer that one of them gives."""
        hooks = self._hooks.get(moment.step, [])
        for hook in hooks:
            given = await hook.at(moment)
            if given is not None:
                return given
        return None

    # Details.

    async def _tell_time(self, _: web.Request, response: web.StreamResponse) -> None:
        response.headers["Date"] = format_datetime(self.clock(), usegmt=True)

    async def _serve_file(self, request: web.Request) -> web.StreamResponse:
        self.downloads.append(str(request.rel_url))
        given = await self.act(Moment(self, "GET cdn", transport=request.transport))
        if given is not None:
            return given
        attachment = self._attachments.get(int(request.match_info["attachment"]))
        try:
            expires = int(request.query.get("ex", "0"), 16)
        except ValueError:
            expires = 0
        if attachment is None or expires < self.clock().timestamp():
            return web.Response(status=404, text="This content is no longer available.")
        kind = attachment.payload().get("content_type", "application/octet-stream")
        return web.Response(body=attachment.data, content_type=kind.partition(";")[0])

    async def _serve_link(self, request: web.Request) -> web.StreamResponse:
        self.downloads.append(str(request.rel_url))
        given = await self.act(Moment(self, "GET link", transport=request.transport))
        if given is not None:
            return given
        if request.match_info["name"] not in self._links:
            return web.Response(status=404)
        self._fetched[request.match_info["name"]] += 1
        return web.Response(body=self._links[request.match_info["name"]], content_type="image/png")
