"""Forms that are written at once, and limits that are tidied seldom."""

import io
from typing import Any

import aiohttp
import discord
from discord.http import Route

from bot.discord.gateway.lean_requests import tidy_seldom, write_forms_at_once

ROUTE = Route("POST", "/channels/{channel_id}/messages", channel_id=1)


async def test_a_small_form_is_one_piece_and_a_large_one_is_left_alone() -> None:
    asked: list[dict[str, Any]] = []

    async def request(route: Route, **more: Any) -> None:
        assert route is ROUTE
        asked.append(more)

    lean = write_forms_at_once(request)
    for data in (b"small", b"x" * (2**20 + 1)):
        file = discord.File(io.BytesIO(data), filename="a.jpg")
        form = [
            {"name": "payload_json", "value": "{}"},
            {
                "name": "files[0]", "value": file.fp, "filename": file.filename,
                "content_type": "image/jpeg",
            },
        ]  # fmt: skip
        await lean(ROUTE, files=[file], form=form, reason="why")
    await lean(ROUTE, json={})
    small, large, plain = asked
    assert small.keys() == {"data", "reason"}
    body = small["data"]
    assert isinstance(body, aiohttp.BytesPayload)
    written = await body.as_bytes()
    boundary = body.content_type.partition("boundary=")[2].encode()
    assert body.content_type.startswith("multipart/form-data")
    assert written.count(b"--" + boundary) == 3
    assert b'name="files[0]"; filename="a.jpg"' in written
    assert b"\r\n\r\nsmall\r\n" in written
    assert len(large["form"]) == 2
    assert large["files"][0].fp.tell() == 0
    assert plain["json"] == {}


async def test_limits_are_tidied_once_a_minute() -> None:
    tidied: list[int] = []
    seldom = tidy_seldom(lambda: tidied.append(1))
    for _ in range(3):
        seldom()
    assert tidied == [1]
