"""Makes the pictures of the board: ``python docs/pictures/board.py --font Anton-Regular.ttf``.

Starts Peoria on this machine with an empty data folder, posts memes, votes and guesses as twenty
visitors, waits for the results, trains, posts again, and photographs the pages with Chromium.
Takes about ten minutes. Needs Chromium on the path and the font Anton (``pip install
fontpkg-anton``, or from its home page).
"""

import argparse
import asyncio
import os
import random
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
from memes import meme
from PIL import Image

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PORT = 8093
BOARD = f"http://127.0.0.1:{PORT}"
VISITORS = 20

#: Scene → how well liked it is here (share of upvotes), and its captions.
TASTE: dict[str, tuple[float, list[tuple[str, str]]]] = {
    "cat": (0.9, [("one does not simply", "close 47 tabs"), ("it compiles", "do not touch it"),
                  ("I read the manual", "once"), ("works on", "my lap")]),
    "dog": (0.85, [("somebody said", "walk?"), ("who is a good", "forecaster?"),
                   ("I heard", "the fridge"), ("best friend", "zero budget")]),
    "owl": (0.75, [("one more episode", "it is 3 am"), ("early bird", "not me"),
                   ("who?", "who asked?"), ("night shift", "again")]),
    "penguin": (0.7, [("just chilling", "until monday"), ("dress code", "formal"),
                      ("cannot fly", "can slide"), ("cool", "by nature")]),
    "ufo": (0.6, [("they came for", "the good wifi"), ("free delivery", "both ways"),
                  ("take me to", "your cow"), ("we come", "for milk")]),
    "astronaut": (0.5, [("houston", "we have a meeting"), ("out of office", "out of orbit"),
                        ("no gravity", "no problem"), ("working", "remotely")]),
    "goldfish": (0.45, [("three seconds ago", "where was I"), ("nice castle", "nice castle"),
                        ("big fish", "small bowl"), ("going", "in circles")]),
    "coffee": (0.35, [("this is my third", "it is 9 am"), ("but first", "the other one"),
                      ("decaf", "is a lie"), ("instant", "regret")]),
    "mountains": (0.25, [("no signal", "best day of my life"), ("view", "of my inbox"),
                         ("uphill", "both ways"), ("almost", "there")]),
    "chart": (0.12, [("my plan", "monday"), ("motivation", "over time"),
                     ("trust me", "it goes up"), ("quarter", "four")]),
}  # fmt: skip


class Board:
    """The running board, and the people on it."""

    def __init__(self, people: list[aiohttp.ClientSession], font: Path) -> None:
        self._people = people
        self._font = font
        self._random = random.Random(7)  # noqa: S311
        self._posted = 0

    async def post(self, scene: str, number: int, title: str | None = None) -> str:
        """Post a meme; return its page's address."""
        top, bottom = TASTE[scene][1][number % 4]
        form = aiohttp.FormData()
        form.add_field("title", title or f"{top}, {bottom}".capitalize())
        form.add_field("key", secrets.token_hex(8))
        image = meme(scene, top, bottom, self._font, seed=number)
        form.add_field("image", image, filename="meme.jpg", content_type="image/jpeg")
        author = self._people[self._posted % 8]
        self._posted += 1
        async with author.post(f"{BOARD}/posts", data=form) as answer:
            answer.raise_for_status()
            return str(answer.headers["Location"])

    async def guess(self, url: str, scene: str, share: float = 0.4) -> None:
        """Some visitors guess, more often right than wrong."""
        right = "high" if TASTE[scene][0] > 0.65 else "low" if TASTE[scene][0] < 0.45 else "medium"
        for person in self._people[8:]:
            if self._random.random() < share:
                wild = self._random.choice(["low", "medium", "high"])
                choice = right if self._random.random() < 0.6 else wild
                await _send(person, f"{url}/guess", choice)

    async def vote(self, url: str, scene: str, share: float = 0.8) -> None:
        """Visitors vote by their taste."""
        for person in self._people[8:]:
            if self._random.random() < share:
                up = self._random.random() < TASTE[scene][0]
                await _send(person, f"{url}/vote", "1" if up else "-1")

    async def final(self, url: str) -> None:
        """Wait until the result of a post is known."""
        while True:
            async with self._people[0].get(BOARD + url) as answer:
                if "stage-final" in await answer.text():
                    return
            await asyncio.sleep(1)


async def _send(person: aiohttp.ClientSession, path: str, value: str) -> None:
    async with person.post(BOARD + path, json={"value": value}) as answer:
        if answer.status >= 500:
            raise SystemExit(f"{path}: {answer.status} {await answer.text()}")


@asynccontextmanager
async def running(data: Path, font: Path, horizon: float, guess: float) -> AsyncIterator[Board]:
    """Peoria's board with this horizon and time to guess, in minutes."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "main.py", "run", cwd=ROOT,
        env=os.environ | environment(data)
        | {"PEORIA_BOARD_HORIZON_MINUTES": str(horizon), "PEORIA_BOARD_GUESS_MINUTES": str(guess)},
    )  # fmt: skip
    try:
        async with AsyncExitStack() as stack:
            people = [
                await stack.enter_async_context(
                    aiohttp.ClientSession(
                        headers={"Origin": BOARD, "Accept": "application/json"},
                        cookies={"visitor": f"{number:032x}"},
                        cookie_jar=aiohttp.CookieJar(unsafe=True),
                    )
                )
                for number in range(1, VISITORS + 1)
            ]
            while True:
                try:
                    async with people[0].get(f"{BOARD}/healthz"):
                        break
                except aiohttp.ClientConnectionError:
                    await asyncio.sleep(0.5)
            yield Board(people, font)
    finally:
        process.terminate()
        await process.wait()


def environment(data: Path) -> dict[str, str]:
    """The settings that all parts share."""
    return {
        "PEORIA_DATA_DIR": str(data),
        "PEORIA_WEB_PORT": str(PORT),
        "PEORIA_SILENT_SHARE": "0",
        "PEORIA_RETRAIN_CRON": "off",
        "PEORIA_LOG_LEVEL": "WARNING",
    }


async def play(data: Path, font: Path) -> None:
    """A hundred and ten memes, one training run, and the posts that the pictures show."""
    scenes = list(TASTE)
    async with running(data, font, horizon=0.7, guess=0.5) as board:
        for number in range(110):
            scene = scenes[(number * 7) % len(scenes)]
            url = await board.post(scene, number)
            await board.guess(url, scene)
            await board.vote(url, scene)
            await asyncio.sleep(0.6)
        await board.final(url)
        training = await asyncio.create_subprocess_exec(
            sys.executable, "main.py", "train", cwd=ROOT,
            env=os.environ | environment(data) | {"PEORIA_TRAIN_MIN_LABELS": "60"},
        )  # fmt: skip
        if await training.wait():
            raise SystemExit("Training failed.")
        url = await board.post("cat", 112, "Just one more search before bed")
        await board.guess(url, "cat", 0.7)
        await board.vote(url, "cat", 0.9)
        await board.final(url)
        photograph(f"{BOARD}/league", "board-league.png", 640)
        photograph(f"{BOARD}{url}", "board-post.png", 900)
    async with running(data, font, horizon=30, guess=10) as board:
        url = await board.post("dog", 113, "He has been sitting like this since noon")
        await board.guess(url, "dog", 0.5)
        await board.vote(url, "dog", 0.4)
        last = await board.post("coffee", 114)
        await asyncio.sleep(3)
        photograph(f"{BOARD}/?before={last.rsplit('/', 1)[-1]}", "board.png", 982)


def photograph(address: str, name: str, height: int) -> None:
    """Write a page as a PNG of 1000 pixels' width and few colours into this folder."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        raise SystemExit("Chromium is not installed: apt install chromium")
    with tempfile.TemporaryDirectory() as scratch:
        shot = Path(scratch) / "shot.png"
        subprocess.run(  # noqa: S603
            [
                chromium, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                "--no-first-run", "--disable-background-networking",
                f"--user-data-dir={scratch}/profile", f"--window-size=1000,{height}",
                f"--screenshot={shot}", address,
            ],
            check=True, capture_output=True, timeout=120,
        )  # fmt: skip
        with Image.open(shot) as image:
            whole = image.convert("RGB")
    palette = whole.quantize(256)
    colours = whole.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)
    colours.save(HERE / name, optimize=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--font", type=Path, required=True, help="the file Anton-Regular.ttf")
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(play(Path(folder), parser.parse_args().font))
