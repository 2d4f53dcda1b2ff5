"""What is seen of requests to Discord: the moment before each, and the time by its answer."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from types import SimpleNamespace

import aiohttp

from bot.runtime.http_date import time_of_answer


def trace_requests(
    heard: Callable[[datetime], Awaitable[None]], before_writing: Callable[[], None] | None = None
) -> aiohttp.TraceConfig:
    """What to give discord.py as ``http_trace``.

    Args:
        heard: is told the time by Discord's clock, from the ``Date`` of its answers.
        before_writing: called right before each request that changes something on Discord; what it
            raises is raised, and nothing is sent. None: all may be sent.
    """
    trace = aiohttp.TraceConfig()

    async def on_start(
        _: aiohttp.ClientSession, __: SimpleNamespace, begun: aiohttp.TraceRequestStartParams
    ) -> None:
        if before_writing is not None and begun.method != "GET":
            before_writing()

    async def on_end(
        _: aiohttp.ClientSession, __: SimpleNamespace, ended: aiohttp.TraceRequestEndParams
    ) -> None:
        told = time_of_answer(ended.response.headers)
        if told is not None:
            await heard(told)

    trace.on_request_start.append(on_start)
    trace.on_request_end.append(on_end)
    return trace


async def nobody_listens(_: datetime) -> None:
    """For a client that nobody asks for the time."""
