"""How soon those who have a page open see a vote, and what they cost others who ask for pages.

    python -m benchmarks.live_viewers [--viewers 200] [--votes 10] [--short]

On a board with ten posts, so many visitors open the stream of the first page. Then one more
person votes again and again; taken is the time from the vote's answer until each viewer has the
changed card. Before and while they watch, somebody asks for the first page by turns. Bars: every
viewer within 2 s; the page not slower than 10% in the middle.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
from PIL import Image
from rich.console import Console

from bot.app import build
from bot.core import open_core
from bot.settings import Settings
from bot.web.platform import WebPlatform
from storage.types import PlatformName

BAR_SECONDS, BAR_SLOWER = 2.0, 0.10
#: As many as one person may post in a minute.
_POSTS = 10
_PAGES = 40
#: Streams that are opened at the same time.
_AT_ONCE = 20


class Viewer:
    """One page that is open."""

    def __init__(self) -> None:
        self.seen = asyncio.Event()
        self.seen_at = 0.0

    async def watch(
        self,
        session: aiohttp.ClientSession,
        url: str,
        turn: asyncio.Semaphore,
        opened: asyncio.Event,
    ) -> None:
        """Read the stream until it ends."""
        async with turn:
            answer = await session.get(url)
        async with answer:
            assert answer.status == 200, answer.status
            opened.set()
            async for line in answer.content:
                if line.startswith(b"event: card"):
                    self.seen_at = time.perf_counter()
                    self.seen.set()


def _picture(folder: Path, number: int) -> bytes:
    rng = np.random.default_rng(number)
    path = folder / f"{number}.png"
    small = rng.integers(0, 255, (8, 8, 3), dtype=np.uint8)
    Image.fromarray(small).resize((256, 256)).save(path)
    return path.read_bytes()


def _visiting() -> aiohttp.ClientSession:
    jar = aiohttp.CookieJar(unsafe=True)
    return aiohttp.ClientSession(
        cookie_jar=jar, connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(None)
    )


async def _pages(session: aiohttp.ClientSession, url: str) -> list[float]:
    took = []
    for _ in range(_PAGES):
        began = time.perf_counter()
        async with session.get(url) as answer:
            assert answer.status == 200
            await answer.read()
        took.append(time.perf_counter() - began)
        await asyncio.sleep(0.05)
    return took


async def _unless_one_ends(
    tasks: Sequence[asyncio.Task[None]], awaited: Sequence[Coroutine[Any, Any, Any]]
) -> None:
    """Wait for all; a viewer whose stream ends meanwhile ends the measurement, too."""
    all_of_them = asyncio.gather(*awaited)
    either: list[asyncio.Future[Any]] = [all_of_them, *tasks]
    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        if task.done():
            all_of_them.cancel()
            task.result()
            raise RuntimeError("a stream has ended")
    await all_of_them


async def measure(folder: Path, viewers: int, votes: int) -> tuple[list[float], Sequence[float]]:
    """Seconds until each viewer saw each vote; the middle of the page's time without and with."""
    settings = Settings(
        _env_file=None, data_dir=folder, web_port=0, web_connections_each=512, web_hold_votes=False
    )
    async with open_core(settings) as core:
        board = build(core).platforms[PlatformName.WEB]
        assert isinstance(board, WebPlatform)
        await board.start()
        url = board.url.rstrip("/")
        async with _visiting() as poster, _visiting() as voter:
            for session in (poster, voter):
                await (await session.get(url)).read()
            ids = []
            for number in range(_POSTS):
                form = aiohttp.FormData({"title": f"Post {number}", "key": f"{number:032x}"})
                form.add_field("image", _picture(folder, number), filename="a.png")
                headers = {"Origin": url, "Accept": "application/json"}
                async with poster.post(f"{url}/posts", data=form, headers=headers) as answer:
                    assert answer.status == 201, await answer.text()
                    ids.append((await answer.json())["post"]["id"])
            await board.tasks.idle()
            alone = statistics.median(await _pages(voter, url))
            query = ",".join(map(str, ids))
            watching = [Viewer() for _ in range(viewers)]
            opened = [asyncio.Event() for _ in watching]
            # So many at a time as find room: the board sends away who would wait for too long.
            turn = asyncio.Semaphore(_AT_ONCE)
            async with _visiting() as crowd:
                tasks = [
                    asyncio.create_task(
                        each.watch(crowd, f"{url}/live?posts={query}&community=board", turn, event)
                    )
                    for each, event in zip(watching, opened, strict=True)
                ]
                await _unless_one_ends(tasks, [event.wait() for event in opened])
                await asyncio.sleep(2)
                beside = statistics.median(await _pages(voter, url))
                delays = []
                for number in range(votes):
                    for each in watching:
                        each.seen.clear()
                    headers = {"Origin": url, "Accept": "application/json"}
                    vote = {"value": "1" if number % 2 == 0 else "-1"}
                    post = ids[number % len(ids)]
                    async with voter.post(
                        f"{url}/posts/{post}/vote", data=vote, headers=headers
                    ) as answer:
                        assert answer.status == 200, await answer.text()
                    voted = time.perf_counter()
                    await _unless_one_ends(tasks, [each.seen.wait() for each in watching])
                    delays += [each.seen_at - voted for each in watching]
                    await asyncio.sleep(0.37)
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
        await board.stop()
    return delays, (alone, beside)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--viewers", type=int, default=200)
    parser.add_argument("--votes", type=int, default=10)
    parser.add_argument("--short", action="store_true", help="20 viewers, 2 votes")
    arguments = parser.parse_args()
    viewers, votes = (20, 2) if arguments.short else (arguments.viewers, arguments.votes)
    with tempfile.TemporaryDirectory() as name:
        delays, (alone, beside) = asyncio.run(measure(Path(name), viewers, votes))
    console = Console()
    console.print(
        f"{viewers} viewers, {votes} votes: seen after {statistics.median(delays):.2f} s in the"
        f" middle, {max(delays):.2f} s at most (bar {BAR_SECONDS:.0f} s)"
    )
    slower = beside / alone - 1
    console.print(
        f"The first page: {1000 * alone:.1f} ms in the middle alone, {1000 * beside:.1f} ms beside"
        f" them ({100 * slower:+.0f}%; bar +{100 * BAR_SLOWER:.0f}%)"
    )
    raise SystemExit(0 if max(delays) <= BAR_SECONDS and slower <= BAR_SLOWER else 1)


if __name__ == "__main__":
    main()
