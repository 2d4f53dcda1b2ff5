import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import pytest
from aiohttp import web
from aiohttp.client_reqrep import ConnectionKey
from aiohttp.test_utils import TestServer

from bot.runtime.download import Downloader, DownloadFailed, DownloadRefused, ImageAbsent

MAX_BYTES = 100_000
BODY = bytes(range(256)) * 100

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def ok(_: web.Request) -> web.StreamResponse:
    return web.Response(body=BODY)


async def too_large(request: web.Request) -> web.StreamResponse:
    """Says nothing of its size, and streams until it is cut off."""
    response = web.StreamResponse()
    await response.prepare(request)
    with contextlib.suppress(ConnectionError):
        while True:
            await response.write(bytes(10_000))
    return response


async def stall(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(b"a little")
    await asyncio.Event().wait()
    return response


async def cut(request: web.Request) -> web.StreamResponse:
    """Promises more than it sends."""
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b"a little")
    assert request.transport is not None
    request.transport.abort()
    return response


async def status(request: web.Request) -> web.StreamResponse:
    return web.Response(status=int(request.match_info["status"]))


async def to(request: web.Request) -> web.StreamResponse:
    return web.Response(status=302, headers={"Location": request.query["to"]})


async def count(request: web.Request) -> web.StreamResponse:
    left = int(request.match_info["left"])
    location = f"/count/{left - 1}" if left else "/ok"
    return web.Response(status=302, headers={"Location": location})


async def echo(request: web.Request) -> web.StreamResponse:
    return web.json_response(dict(request.headers), headers={"Set-Cookie": "seen=1"})


@pytest.fixture
async def server() -> AsyncIterator[TestServer]:
    application = web.Application()
    routes: dict[str, Handler] = {
        "/ok": ok, "/large": too_large, "/stall": stall, "/cut": cut, "/status/{status}": status,
        "/to": to, "/count/{left}": count, "/echo": echo,
    }  # fmt: skip
    for path, handler in routes.items():
        application.router.add_get(path, handler)
    async with TestServer(application, host="127.0.0.1") as server:
        yield server


@contextlib.asynccontextmanager
async def downloader(
    *trusted: str, seconds: float = 20, at_once: int = 4
) -> AsyncIterator[Downloader]:
    downloader = Downloader(
        max_bytes=MAX_BYTES, seconds=seconds, at_once=at_once, trusted_hosts=trusted
    )
    try:
        yield downloader
    finally:
        await downloader.close()


async def fetch(url: object, *trusted: str, seconds: float = 20) -> bytes:
    async with downloader(*trusted, seconds=seconds) as each:
        return await each.fetch(str(url))


async def test_a_trusted_host_may_be_private(server: TestServer) -> None:
    assert await fetch(server.make_url("/ok"), "127.0.0.1") == BODY
    assert await fetch(f"http://localhost:{server.port}/ok", "localhost") == BODY


async def test_endless_files_are_cut_off(server: TestServer) -> None:
    with pytest.raises(DownloadRefused, match="larger than"):
        await fetch(server.make_url("/large"), "127.0.0.1")


async def test_a_server_that_stalls_is_tried_again_later(server: TestServer) -> None:
    with pytest.raises(DownloadFailed, match="Timeout"):
        await fetch(server.make_url("/stall"), "127.0.0.1", seconds=0.2)


async def test_a_file_that_ends_too_early_is_tried_again_later(server: TestServer) -> None:
    with pytest.raises(DownloadFailed):
        await fetch(server.make_url("/cut"), "127.0.0.1")


async def test_a_port_where_nobody_listens_is_tried_again_later(server: TestServer) -> None:
    url = server.make_url("/ok")
    await server.close()
    with pytest.raises(DownloadFailed):
        await fetch(url, "127.0.0.1")


@pytest.mark.parametrize(
    ("status", "raised"),
    [
        (400, DownloadFailed),
        (402, ImageAbsent),
        (451, ImageAbsent),
        (401, ImageAbsent),
        (403, ImageAbsent),
        (404, ImageAbsent),
        (410, ImageAbsent),
        (429, DownloadFailed),
        (204, DownloadFailed),
        (500, DownloadFailed),
        (503, DownloadFailed),
    ],
)
async def test_what_the_server_answers_decides(
    server: TestServer, status: int, raised: type[Exception]
) -> None:
    with pytest.raises(raised):
        await fetch(server.make_url(f"/status/{status}"), "127.0.0.1")


async def test_a_certificate_error_is_no_verdict_on_the_link() -> None:
    async def refuse(*_: object, **__: object) -> None:
        key = ConnectionKey("a.example", 443, True, True, None, None, None)
        raise aiohttp.ClientConnectorCertificateError(key, ssl.SSLCertVerificationError("expired"))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(aiohttp.TCPConnector, "connect", refuse)
        with pytest.raises(DownloadFailed, match="expired"):
            await fetch("https://a.example/x.png")


async def test_a_few_redirects_are_followed(server: TestServer) -> None:
    assert await fetch(server.make_url("/count/1"), "127.0.0.1") == BODY


async def test_redirects_without_end_are_refused(server: TestServer) -> None:
    loop = server.make_url("/to").with_query(to="/to?to=/to")
    with pytest.raises(DownloadRefused, match="without end"):
        await fetch(server.make_url("/count/9"), "127.0.0.1")
    with pytest.raises((DownloadRefused, DownloadFailed)):
        await fetch(loop, "127.0.0.1")


#: The same loopback address, as strangers spell it; the first two become one name.
SPELLINGS = (
    "127.0.0.1", "①②⑦.0.0.1", "127.1", "2130706433", "0x7f.0.0.1", "0177.0.0.1", "127.0.0.1.",
    "0", "[::ffff:127.0.0.1]", "[::1]", "localhost", "LOCALHOST",
)  # fmt: skip


@pytest.mark.parametrize("host", SPELLINGS)
async def test_a_private_address_is_refused_however_it_is_spelt(
    server: TestServer, host: str
) -> None:
    with pytest.raises(DownloadRefused):
        await fetch(f"http://{host}:{server.port}/ok")


@pytest.mark.parametrize("host", SPELLINGS[2:])
async def test_a_redirect_to_a_private_address_is_refused(server: TestServer, host: str) -> None:
    target = f"http://{host}:{server.port}/ok"
    with pytest.raises(DownloadRefused):
        await fetch(server.make_url("/to").with_query(to=target), "127.0.0.1")


@pytest.mark.parametrize(
    "url",
    [
        "", "a.png", "ftp://example.org/a.png", "file:///etc/passwd", "javascript:alert(1)",
        "http://", "http:///a.png", "http://[::1", "//example.org/a.png",
        "http://example.org:99999/a.png", "http://user@:80/", "data:image/png;base64,",
    ],
)  # fmt: skip
async def test_what_is_no_web_address_is_refused(url: str) -> None:
    with pytest.raises(DownloadRefused):
        await fetch(url)


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://example.org/", "http://[::1"])
async def test_a_redirect_out_of_the_web_is_refused(server: TestServer, location: str) -> None:
    with pytest.raises(DownloadRefused):
        await fetch(server.make_url("/to").with_query(to=location), "127.0.0.1")


async def test_nothing_of_ours_travels_along(server: TestServer) -> None:
    async with downloader("127.0.0.1") as each:
        await each.fetch(str(server.make_url("/echo")))
        second = (await each.fetch(str(server.make_url("/echo")))).decode()
    assert "Cookie" not in second
    assert "Authorization" not in second
    assert "Referer" not in second


async def test_only_so_many_at_once(server: TestServer) -> None:
    async with downloader("127.0.0.1", at_once=1, seconds=0.2) as each:
        first = asyncio.create_task(each.fetch(str(server.make_url("/stall"))))
        second = asyncio.create_task(each.fetch(str(server.make_url("/ok"))))
        await asyncio.sleep(0)
        done, _ = await asyncio.wait([first, second], return_when=asyncio.FIRST_COMPLETED)
        assert done == {first}
        # Waiting for its turn does not count as the server's time.
        assert await second == BODY
        assert isinstance(first.exception(), DownloadFailed)


async def test_a_closed_downloader_opens_again(server: TestServer) -> None:
    async with downloader("127.0.0.1") as each:
        assert await each.fetch(str(server.make_url("/ok"))) == BODY
        await each.close()
        assert await each.fetch(str(server.make_url("/ok"))) == BODY
