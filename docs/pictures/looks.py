"""Makes the pictures of docs/attributes.md: ``python docs/pictures/looks.py``.

What Peoria says of drawn pictures on a board, on Discord and on the command line; or, with
``--posts FILE --images FOLDER`` (a file that `main.py import` reads), what plays in a community of
that many posts and their measures of popularity, of which charts and numbers are shown alone.
Needs Chromium on the path, a font with emoji, and what the tests need. On a very busy machine the
part with Discord may fail: whoever is silent for ten seconds has lost it. Then run it again.
"""

import argparse
import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import aiohttp
from loopback import (
    ROOT,
    photograph_board,
    photograph_command,
    photograph_terminal,
    play,
    visiting,
)
from memes import meme
from pages import photograph
from playwright.async_api import async_playwright

from bot.app import build
from bot.core import open_core
from bot.posts.attribute_worker import AttributeWorker
from bot.settings import Settings
from bot.web.platform import WebPlatform
from models.attributes.genre import GENRE_NAMES
from storage.types import PlatformName
from tests.fakes.discord import Channel, FakeDiscord, Member

FONT = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf")
TITLE = "They said it would rain"
#: The scene that is shown everywhere; it comes last.
SHOWN = "friends"
POSTS = (
    ("chart", "my plan", "monday"),
    ("cat", "it compiles", "do not touch it"),
    (SHOWN, "everybody said", "it would rain"),
)
COMMUNITY = "r/memes"
#: Posts that are imported, spread over the whole file.
IMPORTED = 150


def drawn() -> bytes:
    """The picture that is shown everywhere."""
    return meme(*POSTS[-1], FONT)


async def on_discord(fake: FakeDiscord, channel: Channel, person: Member) -> None:
    """`/predict`, as who asked sees it."""
    await photograph_command(
        fake, channel, person, "predict", "looks-discord.png", image=drawn(), title=TITLE
    )


async def on_board(address: str) -> None:
    """A post's page, and what is found by its genre."""
    async with visiting(address, Accept="application/json") as visitor:
        await _page(visitor, address)
        genre = None
        for number, (scene, top, bottom) in enumerate(POSTS, start=1):
            title = TITLE if scene == SHOWN else f"{top}, {bottom}".capitalize()
            form = aiohttp.FormData({"title": title, "key": f"{number:016x}"})
            image = meme(scene, top, bottom, FONT)
            form.add_field("image", image, filename="meme.jpg", content_type="image/jpeg")
            async with visitor.post(f"{address}/posts", data=form) as answer:
                answer.raise_for_status()
                path = answer.headers["Location"]
            page = await _page(visitor, address + path)
            while 'class="bars"' not in page:
                await asyncio.sleep(1)
                page = await _page(visitor, address + path)
            seen = (key for key, name in GENRE_NAMES.items() if f"Looks like: {name}" in page)
            genre = next(seen, genre)
        await photograph_board(visitor, address, page, "looks-board.png")
        if genre is None:
            raise SystemExit("No drawn picture has a genre that is named.")
        found = await _page(visitor, f"{address}/communities/1?genre={genre}")
        await photograph_board(visitor, address, found, "looks-filter.png")


async def _page(visitor: aiohttp.ClientSession, address: str) -> str:
    async with visitor.get(address, headers={"Accept": "text/html"}) as answer:
        return await answer.text()


async def with_drawn_pictures(scratch: Path) -> None:
    """Everything that needs no file."""
    await play(scratch / "data", on_discord, on_board, attributes_at_once=True)
    (scratch / "friends.jpg").write_bytes(drawn())
    commands = [["predict", "friends.jpg", "--title", TITLE]]
    await photograph_terminal(scratch / "data", scratch, commands, "looks-command-line.png")


def imported(scratch: Path, posts: Path, images: Path) -> Path:
    """Some of the posts of a file, as `main.py import` stores them; the data folder."""
    rows = list(json.loads(posts.read_text("utf-8"))["_default"].values())
    have = {path.stem for path in images.iterdir()}
    rows = sorted((row for row in rows if row["id"] in have), key=lambda row: row["id"])
    few = {str(n): row for n, row in enumerate(rows[:: max(len(rows) // IMPORTED, 1)], start=1)}
    (scratch / "posts.json").write_text(json.dumps({"_default": few}), "utf-8")
    data = scratch / "imported"
    subprocess.run(  # noqa: S603
        [
            sys.executable, "main.py", "import", str(scratch / "posts.json"),
            "--images", str(images), "--community", COMMUNITY,
        ],
        check=True, cwd=ROOT, env=os.environ | {"PEORIA_DATA_DIR": str(data)},
    )  # fmt: skip
    return data


async def with_imported_posts(data: Path) -> None:
    """What plays, once the attributes of all imported posts were read, and the measures."""
    settings = Settings(_env_file=None, data_dir=data, web_port=0, log_level="WARNING")
    async with open_core(settings) as core:
        worker = AttributeWorker(core.database, core.images, core.serving)
        while await worker.read_next():
            pass
        board = build(core).platforms[PlatformName.WEB]
        assert isinstance(board, WebPlatform)  # noqa: S101 - for what reads types
        await board.start()
        try:
            await with_chromium(board.url.rstrip("/"))
        finally:
            await board.stop()


async def with_chromium(address: str) -> None:
    """What plays, and the measures."""
    chromium = shutil.which("chromium") or os.environ.get("PEORIA_TEST_CHROMIUM")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        page = await browser.new_page(viewport={"width": 1000, "height": 800}, locale="en-GB")
        page.set_default_timeout(180_000)
        await page.goto(f"{address}/plays?community=1")
        await photograph(page, "plays")
        await page.goto(f"{address}/measures?community=1")
        # The last part names posts and shows them: they are not ours.
        await page.locator(".panel").last.evaluate("part => part.remove()")
        await photograph(page, "measures")
        await browser.close()


async def main(posts: Path | None, images: Path | None) -> None:
    """Both parts; with a file, the second one alone."""
    with tempfile.TemporaryDirectory() as folder:
        if not posts or not images:
            await with_drawn_pictures(Path(folder))
        else:
            data = await asyncio.to_thread(imported, Path(folder), posts, images)
            await with_imported_posts(data)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=Path)
    parser.add_argument("--images", type=Path)
    options = parser.parse_args()
    asyncio.run(main(options.posts, options.images))
