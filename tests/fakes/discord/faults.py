"""What can go wrong at a step of the loopback Discord, to be given to ``fake.on(step, …)``.

An action is called with the `Moment` it happens at. It returns an answer, which is then sent
instead of the real one, or None to go on as if nothing had been.
"""

import asyncio
import inspect
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

if TYPE_CHECKING:
    from tests.fakes.discord.server import FakeDiscord, Request


@dataclass(eq=False)
class Moment:
    """Where an action finds itself.

    Attributes:
        step: what it was registered for.
        request: the line of the log that it happens in; None on the gateway.
        transport: the connection; None where there is none.
    """

    fake: "FakeDiscord"
    step: str
    request: "Request | None" = None
    transport: asyncio.Transport | None = None


Action = Callable[[Moment], "web.StreamResponse | Awaitable[web.StreamResponse | None] | None"]


@dataclass(eq=False)
class Hook:
    """An action waiting at a step.

    Attributes:
        left: how often it will still act; None: always.
        hits: how often it has acted.
        reached: set when it acts for the first time.
    """

    step: str
    action: Action
    left: int | None
    when: "Callable[[Moment], bool] | None" = None
    hits: int = 0
    reached: asyncio.Event = field(default_factory=asyncio.Event)

    async def at(self, moment: Moment) -> web.StreamResponse | None:
        if self.left == 0 or (self.when is not None and not self.when(moment)):
            return None
        if self.left is not None:
            self.left -= 1
        self.hits += 1
        self.reached.set()
        answer = self.action(moment)
        return await answer if inspect.isawaitable(answer) else answer

    def remove(self) -> None:
        self.left = 0


def answer(status: int, body: Any = None, headers: dict[str, str] | None = None) -> web.Response:
    """A JSON answer; the content type is exactly what discord.py looks for."""
    if status == 204:
        return web.Response(status=204, headers=headers)
    return web.Response(
        status=status, body=json.dumps(body).encode(), content_type="application/json",
        headers=headers,
    )  # fmt: skip


def error(status: int, code: int = 0, message: str | None = None) -> Action:
    """Discord answers with an error: ``error(500)``, ``error(403, 50013)``."""
    said = message or {403: "Missing Permissions", 404: "Not Found"}.get(status, f"{status}: Error")
    return lambda _: answer(status, {"code": code, "message": said})


def rate_limited(seconds: float, *, globally: bool = False, by_discord: bool = True) -> Action:
    """Discord answers 429; without ``by_discord`` it is the proxy before it that bans."""

    def act(_: Moment) -> web.Response:
        headers = {"Retry-After": f"{seconds:g}"}
        if not by_discord:
            return web.Response(
                status=429, text="error code: 1015", content_type="text/plain", headers=headers
            )
        headers |= {"Via": "1.1 google", "X-RateLimit-Scope": "global" if globally else "user"}
        if globally:
            headers["X-RateLimit-Global"] = "true"
        body = {
            "message": "You are being rate limited.", "retry_after": seconds, "global": globally,
        }  # fmt: skip
        return answer(429, body, headers)

    return act


def cut() -> Action:
    """The connection breaks."""

    def act(moment: Moment) -> web.Response:
        if moment.transport is not None:
            moment.transport.abort()
        return web.Response(status=500)

    return act


def cut_gateway() -> Action:
    """The gateway breaks; the request that it happens in goes on."""
    return lambda moment: moment.fake.cut_gateway()


def stall() -> Action:
    """Nothing comes back until the test ends, or the client gives up."""

    async def act(moment: Moment) -> web.Response:
        await moment.fake.stopping.wait()
        return web.Response(status=500)

    return act


def held(until: asyncio.Event) -> Action:
    """The step waits for an event, then goes on."""

    async def act(_: Moment) -> None:
        await until.wait()

    return act
