"""The caption server, by a server of ours that behaves as badly as one can."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from bot.memes.caption_server import CaptionServer, CaptionServerFailed, read_captions

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_post("/v1/chat/completions", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        await runner.cleanup()


def said(text: object) -> Handler:
    async def handler(_: web.Request) -> web.Response:
        return web.json_response({"choices": [{"message": {"content": text}}]})

    return handler


async def ask(url: str, seconds: float = 5.0, key: str | None = None) -> list[tuple[str, ...]]:
    server = CaptionServer(url, "some-model", key, seconds)
    return await server.captions(title="A cat", community="r/cats", expression="happy", count=3)


async def test_it_asks_as_openai_is_asked_and_reads_the_lines() -> None:
    asked = []

    async def handler(request: web.Request) -> web.Response:
        asked.append((request.headers.get("Authorization"), await request.json()))
        return await said("Here are three captions:\n1. TOP | BOTTOM\n- one\n1. TOP | BOTTOM")(
            request
        )  # type: ignore[return-value]

    async with serving(handler) as url:
        assert await ask(url, key="s3cret") == [("TOP", "BOTTOM"), ("one",)]
    ((key, body),) = asked
    assert key == "Bearer s3cret"
    assert body["model"] == "some-model"
    assert "A cat" in body["messages"][1]["content"]
    assert "happy" in body["messages"][1]["content"]


async def hangs(_: web.Request) -> web.Response:
    await asyncio.sleep(30)
    return web.Response()


async def is_a_page(_: web.Request) -> web.Response:
    return web.Response(text="<html><body>Sign in</body></html>", content_type="text/html")


async def is_broken(_: web.Request) -> web.Response:
    return web.Response(status=500, text="no")


async def leads_elsewhere(_: web.Request) -> web.Response:
    raise web.HTTPFound("http://127.0.0.1:1/")


async def never_ends(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse()
    await answer.prepare(request)
    for _ in range(300):
        await answer.write(b" " * 1024)
    return answer


async def breaks_off(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse(headers={"Content-Length": "5000"})
    await answer.prepare(request)
    await answer.write(json.dumps({"choices": []}).encode())
    assert request.transport is not None
    request.transport.close()
    return answer


@pytest.mark.parametrize(
    ("handler", "words"),
    [
        (hangs, "did not answer within"),
        (is_a_page, "not that of a chat model"),
        (is_broken, "status 500"),
        (leads_elsewhere, "status 302"),
        (never_ends, "too long"),
        (breaks_off, "cannot be reached"),
        (said(["a", "list"]), "without a usable caption"),
        (said("<b>bold</b> move\n<script>alert(1)</script>"), "without a usable caption"),
    ],
)
async def test_a_bad_answer_is_a_sentence(handler: Handler, words: str) -> None:
    async with serving(handler) as url:
        with pytest.raises(CaptionServerFailed, match=words):
            await ask(url, seconds=0.3 if handler is hangs else 5.0)


async def test_nobody_there_is_a_sentence() -> None:
    async with serving(hangs) as url:
        pass
    with pytest.raises(CaptionServerFailed, match="cannot be reached"):
        await ask(url)


def test_lines_with_markup_and_links_are_left_out() -> None:
    answer = (
        "```\nfine|really\n[click](http://x.example)\nhttps://x.example\n<@123> hello\n"
        "&lt;b&gt;\n{{7*7}}\njavascript:alert(1)\n" + "long " * 60
    )
    assert read_captions(answer) == [("fine", "really")]


@given(st.text())
def test_any_answer_is_read(text: str) -> None:
    for boxes in read_captions(text):
        assert any(boxes)
        assert len(boxes) <= 4
        assert not {"<script", "```"} & {*"".join(boxes).lower().split()}
