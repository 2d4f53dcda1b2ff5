"""Images by their addresses: together they have the time and the room that a form has."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.runtime.download import Downloader
from bot.serving.image_sources import SourceUnread
from bot.web.addresses import Addresses

BODY = b"0123456789"


class Host:
    """A web server whose ``/slow`` says nothing until the end."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.came, self.end = asyncio.Semaphore(0), asyncio.Event()

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        self.came.release()
        if request.path == "/slow":
            await self.end.wait()
        return web.Response(body=BODY)


@pytest.fixture
async def host() -> Host:
    return Host()


@pytest.fixture
async def url(host: Host) -> AsyncIterator[str]:
    application = web.Application()
    application.router.add_get("/{name}", host.answer)
    async with TestServer(application, host="127.0.0.1") as server:
        yield str(server.make_url("/"))
        host.end.set()


@pytest.fixture
async def downloader() -> AsyncIterator[Downloader]:
    downloader = Downloader(max_bytes=100, seconds=30, at_once=3, trusted_hosts=["127.0.0.1"])
    yield downloader
    await downloader.close()


async def test_slow_hosts_leave_the_downloader_to_others(
    host: Host, url: str, downloader: Downloader
) -> None:
    addresses = Addresses(downloader, max_bytes=100, seconds=30)
    slow = [asyncio.create_task(addresses.fetch([url + "slow"])) for _ in range(4)]
    for _ in range(2):
        await host.came.acquire()
    assert await downloader.fetch(url + "a") == BODY
    host.end.set()
    assert [found for ((_, found),) in await asyncio.gather(*slow)] == [BODY] * 4


async def test_all_of_one_form_have_one_time(url: str, downloader: Downloader) -> None:
    addresses = Addresses(downloader, max_bytes=100, seconds=0.1)
    found = await addresses.fetch([url + "slow", url + "slow", "/etc/passwd"])
    assert ["took longer" in str(each) for _, each in found] == [True, True, False]
    assert "not a web address" in str(found[2][1])


async def test_all_of_one_form_have_one_room(host: Host, url: str, downloader: Downloader) -> None:
    addresses = Addresses(downloader, max_bytes=100, seconds=30)
    found = await addresses.fetch([url + each for each in "abc"], room=15)
    assert found[0] == (url + "a", BODY)
    for _, each in found[1:]:
        assert isinstance(each, SourceUnread)
        assert "too large together" in str(each)
    assert host.asked == ["/a", "/b"], "of what has no room nothing is fetched"
