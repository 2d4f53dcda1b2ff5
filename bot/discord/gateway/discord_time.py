"""The time by Discord's clock, from the ``Date`` of its answers."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import SimpleNamespace

import aiohttp


def listen_to_dates(heard: Callable[[datetime], Awaitable[None]]) -> aiohttp.TraceConfig:
    """What to give discord.py as ``http_trace``, so that ``heard`` is told the time of answers."""
    trace = aiohttp.TraceConfig()

    async def on_end(
        _: aiohttp.ClientSession, __: SimpleNamespace, ended: aiohttp.TraceRequestEndParams
    ) -> None:
        told = read_date(ended.response.headers.get("Date"))
        # Copies from a cache are of the time when they were made.
        if told is not None and "Age" not in ended.response.headers:
            await heard(told)

    trace.on_request_end.append(on_end)
    return trace


async def nobody_listens(_: datetime) -> None:
    """For a client that nobody asks for the time."""


def read_date(header: str | None) -> datetime | None:
    """The moment of a ``Date`` header, aware; None where there is none that can be read."""
    try:
        told = parsedate_to_datetime(header or "")
    except (TypeError, ValueError):
        return None
    return told if told.tzinfo is not None else told.replace(tzinfo=UTC)
