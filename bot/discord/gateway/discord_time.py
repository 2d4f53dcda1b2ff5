"""The time by Discord's clock, from the ``Date`` of its answers."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from types import SimpleNamespace

import aiohttp

from bot.runtime.http_date import time_of_answer


def listen_to_dates(heard: Callable[[datetime], Awaitable[None]]) -> aiohttp.TraceConfig:
    """What to give discord.py as ``http_trace``, so that ``heard`` is told the time of answers."""
    trace = aiohttp.TraceConfig()

    async def on_end(
        _: aiohttp.ClientSession, __: SimpleNamespace, ended: aiohttp.TraceRequestEndParams
    ) -> None:
        told = time_of_answer(ended.response.headers)
        if told is not None:
            await heard(told)

    trace.on_request_end.append(on_end)
    return trace


async def nobody_listens(_: datetime) -> None:
    """For a client that nobody asks for the time."""
