"""Downloads of an import, against servers that are away, busy or full of removals."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.operations.import_downloads import (
    LONGEST_PAUSE,
    PATIENCE,
    PER_HOST,
    HostAway,
    HostDownloads,
)
from bot.operations.import_placeholders import stands_in
from bot.runtime.download import Downloaded, Downloader, DownloadFailed, DownloadRefused


@dataclass
class Site:
    """Answers ``/1``, ``/2`` … with its own status until ``well_after`` requests."""

    status: int = 503
    headers: dict[str, str] = field(default_factory=dict)
    well_after: int = 10**9
    asked: Counter[str] = field(default_factory=Counter)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked[request.path] += 1
        if request.path.startswith("/removed_via"):
            raise web.HTTPFound("/removed.png")
        if request.path == "/always_broken":
            return web.Response(status=500)
        if self.asked.total() <= self.well_after:
            return web.Response(status=self.status, headers=self.headers)
        return web.Response(body=request.path.encode())


class Time:
    """Passes when somebody waits, and takes no time."""

    def __init__(self) -> None:
        self.now = 0.0
        self.waits: list[float] = []

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)
        self.now += seconds
        self.waits.append(seconds)


@pytest.fixture
async def serve() -> AsyncIterator[object]:
    servers: list[TestServer] = []

    async def start(site: Site) -> str:
        application = web.Application()
        application.router.add_get("/{path:.*}", site.answer)
        server = TestServer(application, host="127.0.0.1")
        await server.start_server()
        servers.append(server)
        return str(server.make_url("/"))

    yield start
    for server in servers:
        await server.close()


@pytest.fixture
async def downloader() -> AsyncIterator[Downloader]:
    downloader = Downloader(max_bytes=1000, seconds=20, at_once=8, trusted_hosts=["127.0.0.1"])
    yield downloader
    await downloader.close()


def patient(downloader: Downloader, time: Time) -> HostDownloads:
    return HostDownloads(downloader, sleep=time.sleep, monotonic=lambda: time.now)


async def all_of(downloads: HostDownloads, urls: list[str]) -> list[Downloaded | Exception]:
    async def one(url: str) -> Downloaded | Exception:
        try:
            return await downloads.download(url)
        except (DownloadFailed, DownloadRefused) as error:
            return error

    return await asyncio.gather(*map(one, urls))


@pytest.mark.parametrize("posts", [5, 40])
async def test_a_host_that_comes_back_gives_every_image(
    serve, downloader: Downloader, posts: int
) -> None:
    time, site = Time(), Site(well_after=20)
    base = await serve(site)
    downloads = patient(downloader, time)
    urls = [f"{base}{n}" for n in range(posts)]
    for _ in range(8):
        found = await all_of(downloads, urls)
        urls = [url for url, each in zip(urls, found, strict=True) if isinstance(each, Exception)]
    assert urls == []
    assert sum(time.waits) < PATIENCE


async def test_a_dead_host_is_given_up_and_costs_the_others_nothing(
    serve, downloader: Downloader
) -> None:
    dead, well = Site(), Site(well_after=0)
    first, second = await serve(dead), await serve(well)
    time = Time()
    urls = [f"{first}{n}" for n in range(50)] + [f"{second}{n}" for n in range(50)]
    downloads = patient(downloader, time)
    found = await all_of(downloads, urls)
    assert all(isinstance(each, DownloadFailed) for each in found[:50])
    assert isinstance(found[49], HostAway)
    assert "the server answered 503" in str(found[49])
    assert all(isinstance(each, Downloaded) for each in found[50:])
    assert dead.asked.total() < PER_HOST + 25
    assert PATIENCE <= sum(time.waits) < PATIENCE + 5
    dead.well_after = 0
    downloads.try_again()
    assert all(isinstance(each, Downloaded) for each in await all_of(downloads, urls[:50]))


@pytest.mark.parametrize("status", [429, 503])
async def test_a_host_is_left_alone_for_as_long_as_it_asks(
    serve, downloader: Downloader, status: int
) -> None:
    site = Site(status=status, headers={"Retry-After": "120"}, well_after=1)
    base = await serve(site)
    time = Time()
    downloads = patient(downloader, time)
    with pytest.raises(DownloadFailed):
        await downloads.download(f"{base}1")
    assert isinstance(await downloads.download(f"{base}1"), Downloaded)
    assert time.waits == [120]


async def test_a_host_that_asks_for_too_long_is_not_waited_for(
    serve, downloader: Downloader
) -> None:
    site = Site(status=429, headers={"Retry-After": str(int(LONGEST_PAUSE) + 3300)})
    base = await serve(site)
    time = Time()
    downloads = patient(downloader, time)
    for _ in range(2):
        with pytest.raises(HostAway, match="left alone for 60 minutes"):
            await downloads.download(f"{base}1")
    assert site.asked.total() == 1
    assert time.waits == []


async def test_one_image_that_never_comes_does_not_close_its_host(
    serve, downloader: Downloader
) -> None:
    site = Site(well_after=0)
    base = await serve(site)
    urls = [f"{base}{n}" for n in range(3)] + [f"{base}always_broken"]
    time = Time()
    downloads = patient(downloader, time)
    for _ in range(9):
        *found, broken = await all_of(downloads, urls)
        assert all(isinstance(each, Downloaded) for each in found)
        assert isinstance(broken, DownloadFailed)
        assert not isinstance(broken, HostAway)
    assert time.waits == []


async def test_what_is_absent_is_an_answer(serve, downloader: Downloader) -> None:
    base = await serve(Site(status=404))
    time = Time()
    found = await all_of(patient(downloader, time), [f"{base}{n}" for n in range(30)])
    assert all(isinstance(each, DownloadRefused) for each in found)
    assert time.waits == []


async def test_a_link_that_leads_to_a_picture_of_removal_is_known(
    serve, downloader: Downloader
) -> None:
    base = await serve(Site(well_after=0))
    asked = f"{base}removed_via/7"
    found = await patient(downloader, Time()).download(asked)
    assert found.url == f"{base}removed.png"
    assert "was removed" in (stands_in(asked, found) or "")


@pytest.mark.parametrize(
    ("asked", "found", "removed"),
    [
        ("https://a.example/x.jpg", "https://a.example/removed.png", True),
        ("https://a.example/x.jpg", "https://b.example/static/image_not_found.gif", True),
        ("https://a.example/x.jpg", "https://b.example/no-hotlinking.jpg", True),
        ("https://a.example/x.jpg", "https://b.example/404.png", True),
        ("https://a.example/x.jpg", "https://b.example/deleted-by-user.jpg", True),
        ("https://a.example/x.jpg", "https://a.example/x.jpg", False),
        ("https://a.example/x.jpg", "https://cdn.example/abc.jpg?name=removed", False),
        ("https://a.example/removed.jpg", "https://a.example/removed.jpg?w=9", False),
        ("https://a.example/x.jpg", "https://b.example/removed-the-stain-from-my-cat.jpg", False),
    ],
)
def test_which_targets_of_links_stand_for_removed_pictures(
    asked: str, found: str, removed: bool
) -> None:
    assert (stands_in(asked, Downloaded(b"picture", found)) is not None) is removed
