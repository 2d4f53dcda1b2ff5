import asyncio
import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest

from bot.app import App
from bot.web import connections
from bot.web.client_address import TrustedProxies
from bot.web.connections import Places
from bot.web.platform import WebPlatform
from tests.fakes.visitor import visiting

REQUEST = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


@asynccontextmanager
async def board_with(app: App, **settings: object) -> AsyncIterator[WebPlatform]:
    changed = dataclasses.replace(app.core, settings=app.core.settings.model_copy(update=settings))
    board = WebPlatform(changed, app.pipeline, app.readiness.look, app.backups)
    await board.start()
    yield board
    await board.stop()


async def connect(board: WebPlatform) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", urlsplit(board.url).port)


@pytest.mark.parametrize("limit", ["web_connections", "web_connections_each"])
async def test_idle_connections_make_room(
    app: App, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(connections, "GRACE_SECONDS", 0.0)
    async with board_with(app, **{limit: 3}) as board:
        idle = [await connect(board) for _ in range(10)]
        async with visiting(board.url) as ann:
            assert (await ann.page("/"))[0] == 200
        # Those that waited for longest had to go.
        for reader, _ in idle[:7]:
            assert await reader.read() == b""
        for _, writer in idle:
            writer.close()


async def test_who_finds_no_place_is_told_when_to_come_back(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with board_with(app, web_connections=2) as board:
        # Nobody is idle: all wait for the answer to a request.
        monkeypatch.setattr(connections.Connection, "is_idle", False)
        held = [await connect(board) for _ in range(2)]
        for reader, writer in held:
            writer.write(REQUEST)
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        reader, writer = await connect(board)
        writer.write(REQUEST)
        answer = await reader.read()
        assert answer.startswith(b"HTTP/1.1 503")
        assert b"Retry-After: 5\r\n" in answer
        for _, each in held:
            each.close()
        writer.close()


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: ", REQUEST])
async def test_idle_and_slow_connections_are_closed(
    app: App, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(connections, "IDLE_SECONDS", 0.05)
    async with board_with(app) as board:
        reader, writer = await connect(board)
        writer.write(sent)
        # Ends when the board closes; without that it would wait for ever.
        answer = await reader.read()
        assert answer.startswith(b"HTTP/1.1 200" if sent == REQUEST else b"")
        writer.close()


async def test_an_answer_that_nobody_reads_is_given_up(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "_LOOK_SECONDS", 0.02)
    monkeypatch.setattr(connections, "REQUEST_SECONDS", 0.05)
    async with board_with(app) as board:
        _, writer = await connect(board)
        # A body that never comes, which keeps the request under way.
        writer.write(b"POST /me HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n")
        writer.write(b"Origin: http://127.0.0.1\r\n\r\n")
        while board.connections:  # noqa: ASYNC110 - the board tells nobody
            await asyncio.sleep(0.01)
        writer.close()


def test_places_are_given_back() -> None:
    class Fake:
        is_idle = is_young = False

        def cut(self) -> None:
            raise AssertionError("nobody is idle")

    places = Places(3, 2, TrustedProxies(["127.0.0.0/8"]))
    proxied, first, second, third = (Fake() for _ in range(4))

    def take(connection: Fake, address: str) -> None:
        places.take(connection, address)  # type: ignore[arg-type]

    take(proxied, "127.0.0.9")
    take(first, "2001:db8::1")
    take(second, "2001:db8::2")
    assert not places.has_room("2001:db8::3")  # of one household
    assert not places.has_room("203.0.113.1")  # the places are taken
    places.leave(first)  # type: ignore[arg-type]
    places.leave(first)  # type: ignore[arg-type]
    assert places.has_room("2001:db8::3")
    take(third, "2001:db8::3")
    assert len(places) == 3


async def test_a_door_that_fails_closes_so_that_it_is_opened_anew(
    app: App, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with board_with(app) as board:
        with monkeypatch.context() as patch:
            patch.setattr(Places, "has_room", None)
            reader, _ = await connect(board)
            assert await reader.read() == b""
        with pytest.raises(ConnectionRefusedError):
            await connect(board)
    assert "door of the board failed" in caplog.text
