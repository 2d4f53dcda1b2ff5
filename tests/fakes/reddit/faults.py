"""What goes wrong on the loopback Reddit, when the test says so."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Fault:
    """One thing that goes wrong, so many times.

    Attributes:
        path: what the path must hold.
        after: how many requests go well before.
        status: an answer with this status instead.
        headers: and with these headers.
        body: the answer's body instead; None: the right one, or none.
        done: what was asked for happens all the same.
        cut: the connection ends without an answer.
        never: there is no answer until the test is over.
    """

    path: str
    times: int = 1
    after: int = 0
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: str | None = None
    done: bool = False
    cut: bool = False
    never: bool = False

    async def answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if self.done:
            await handler(request)
        if self.never:
            await asyncio.Event().wait()
        if self.cut and request.transport is not None:
            request.transport.abort()
        return web.Response(
            status=self.status,
            text=self.body if self.body is not None else "",
            headers=self.headers,
            content_type="application/json",
        )


def refusal(code: str, message: str = "no", **more: Any) -> dict[str, Any]:
    """The answer to a POST that Reddit refuses: status 200, with errors in it."""
    return {"json": {"errors": [[code, message, "ratelimit"]], **more}}
