"""Requests of discord.py that cost less: forms are written at once, limits are tidied seldom."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

import aiohttp
import discord
from discord.http import Route

#: Forms that hold more bytes are written piece by piece, so that nothing else waits for it.
_MOST_AT_ONCE = 2**20
#: Seconds between two looks for limits that nobody needs any more.
_TIDY_SECONDS = 60.0

_Request = Callable[..., Awaitable[Any]]


def write_forms_at_once(request: _Request) -> _Request:
    """Have a message with a picture written to its connection in one piece.

    aiohttp writes each part of a form, its header and its end by themselves: a dozen calls of the
    operating system and as many packets for a small picture.

    Args:
        request: `discord.http.HTTPClient.request`.
    """

    async def lean(
        route: Route,
        *,
        files: Sequence[discord.File] | None = None,
        form: Iterable[dict[str, Any]] | None = None,
        **more: Any,
    ) -> Any:
        if not form or sum(_size(each) for each in files or ()) > _MOST_AT_ONCE:
            return await request(route, files=files, form=form, **more)
        # As discord.py puts it together; it would do so again for every try.
        data = aiohttp.FormData(quote_fields=False)
        for each in form:
            data.add_field(**each)
        parts = data()
        body = aiohttp.BytesPayload(await parts.as_bytes(), content_type=parts.content_type)
        return await request(route, data=body, **more)

    return lean


def _size(file: discord.File) -> int:
    begin = file.fp.tell()
    size = file.fp.seek(0, 2) - begin
    file.fp.seek(begin)
    return size


def tidy_seldom(tidy: Callable[[], None]) -> Callable[[], None]:
    """Have limits that nobody needs any more looked for once a minute.

    discord.py looks through all of them whenever it meets a new one: with a thousand servers that
    are told something at once, that grows with the square of their number.

    Args:
        tidy: `discord.http.HTTPClient._try_clear_expired_ratelimits`.
    """
    due = 0.0

    def seldom() -> None:
        nonlocal due
        now = asyncio.get_running_loop().time()
        if now >= due:
            due = now + _TIDY_SECONDS
            tidy()

    return seldom
