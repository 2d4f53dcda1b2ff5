"""Makes a picture of nearly every page of the board: ``python docs/pictures/pages.py``.

Starts Peoria on this machine with an empty data folder, goes the way of a newcomer (an empty board,
the first post, votes, guesses, outcomes), and photographs the pages with Chromium into the folder
``pages``; two pages that need more posts are made by ``looks.py``. Takes about four minutes. Needs
Chromium on the path, and what the tests need.
"""

import argparse
import asyncio
import io
import os
import re
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from memes import meme
from PIL import Image
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PORT = 8094
BOARD = f"http://127.0.0.1:{PORT}"
#: Longest picture, pixels.
HIGHEST = 1300
POSTS = (
    ("cat", "it compiles", "do not touch it", 3),
    ("dog", "somebody said", "walk?", 2),
    ("chart", "my plan", "monday", 0),
    ("coffee", "but first", "the other one", 1),
)
PAGES = {
    "board": "/", "communities": "/communities", "community": "/communities/1",
    "search": "/search?q=it", "post": "/posts/1", "try": "/try", "memes": "/meme",
    "league": "/league?board=posts", "stats": "/stats", "models": "/models",
    "version": "/models/versions/{version}",
    "you": "/me", "api": "/api", "setup": "/admin/setup",
    "tokens": "/admin/tokens",
}  # fmt: skip
#: Pages that are shown on a phone as well, dark and in German.
ON_A_PHONE = ("board", "post", "league", "setup")


@asynccontextmanager
async def running(data: Path) -> AsyncIterator[str]:
    """A board whose scores are final after a minute and a half; gives the link for its admin."""
    settings = {
        "PEORIA_DATA_DIR": str(data),
        "PEORIA_WEB_PORT": str(PORT),
        "PEORIA_BOARD_HORIZON_MINUTES": "1.5",
        "PEORIA_BOARD_GUESS_MINUTES": "1",
        "PEORIA_WEB_NEWCOMERS_AN_HOUR": "1000",
        "PEORIA_WEB_HOLD_VOTES": "false",
        "PEORIA_SILENT_SHARE": "0",
        "PEORIA_SCORES_TO_COMPARE": "3",
        "PEORIA_RETRAIN_CRON": "off",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "main.py", "run", cwd=ROOT, env=os.environ | settings,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    if process.stdout is None:
        raise SystemExit("Peoria's log cannot be read.")
    reading: asyncio.Task[bytes] | None = None
    try:
        said = ""
        while not (link := re.search(rf"{BOARD}/admin\?token=\S+", said)):
            line = await process.stdout.readline()
            if not line:
                raise SystemExit(f"Peoria did not start: {said}")
            said += line.decode().strip() + "\n"
        reading = asyncio.create_task(process.stdout.read())
        yield link[0]
    finally:
        process.terminate()
        await process.wait()
        if reading is not None:
            await reading


async def photograph(page: Page, name: str) -> None:
    """Write what a page shows as a PNG of few colours."""
    height = await page.evaluate("document.documentElement.scrollHeight")
    size = page.viewport_size
    width = 1000 if size is None else size["width"]
    clip = {"x": 0, "y": 0, "width": width, "height": min(height, HIGHEST)}
    shot = await page.screenshot(full_page=True, clip=clip)  # type: ignore[arg-type]
    whole = Image.open(io.BytesIO(shot)).convert("RGB")
    folder = HERE / "pages"
    folder.mkdir(exist_ok=True)
    whole.quantize(96, dither=Image.Dither.NONE).save(folder / f"{name}.png", optimize=True)
    sys.stdout.write(f"{name}.png\n")


async def visit(browser: Browser, **options: object) -> tuple[BrowserContext, Page]:
    """Somebody with a browser of their own."""
    context = await browser.new_context(
        **{"viewport": {"width": 1000, "height": 800}, "locale": "en-GB"} | options  # type: ignore[arg-type]
    )
    page = await context.new_page()
    page.set_default_timeout(180_000)
    await page.goto(BOARD)
    return context, page


async def play(browser: Browser, link: str, font: Path) -> None:
    """From the empty board to the first outcomes, and a look at every page."""
    author, page = await visit(browser)
    await photograph(page, "empty")
    for number, (scene, top, bottom, _) in enumerate(POSTS):
        picture = meme(scene, top, bottom, font, seed=number)
        await page.set_input_files(
            "input[name=image]",
            files=[{"name": "meme.jpg", "mimeType": "image/jpeg", "buffer": picture}],
        )
        await page.fill("input[name=title]", f"{top}, {bottom}".capitalize())
        if number == 0:
            await photograph(page, "composer")
        await page.get_by_role("button", name="Post it").click()
        await page.locator(f"#post-{number + 1} .bars").wait_for()
    await photograph(page, "predicted")
    for person in range(3):
        context, theirs = await visit(browser)
        for number, (*_, ups) in enumerate(POSTS, start=1):
            card = theirs.locator(f"#post-{number}")
            # A slow machine may come after the horizon.
            if person < ups and await card.locator("button[data-vote=up]").is_enabled():
                await card.get_by_role("button", name="Vote up").click()
                await card.locator("button[data-vote=up][aria-pressed=true]").wait_for()
        await context.close()
    await page.goto(f"{BOARD}/posts/1")
    await page.get_by_text("Final: later votes change nothing.").wait_for()
    await page.goto(f"{BOARD}/posts/{len(POSTS)}")
    await page.get_by_text("Final: later votes change nothing.").wait_for()
    await page.goto(link)
    await page.goto(f"{BOARD}/models")
    version = await page.locator(".champion-name").inner_text()
    for name, path in PAGES.items():
        await page.goto(BOARD + path.format(version=version))
        await photograph(page, name)
    cookies = await author.cookies()
    phone, small = await visit(
        browser, viewport={"width": 390, "height": 800}, locale="de-DE", color_scheme="dark"
    )
    await phone.add_cookies(cookies)  # type: ignore[arg-type]
    for name in ON_A_PHONE:
        await small.goto(BOARD + PAGES[name])
        await photograph(small, f"{name}-phone-german")


async def main(font: Path) -> None:
    """Start, play, photograph."""
    chromium = shutil.which("chromium") or os.environ.get("PEORIA_TEST_CHROMIUM")
    with tempfile.TemporaryDirectory() as folder:
        async with running(Path(folder)) as link, async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"]
            )
            await play(browser, link, font)
            await browser.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--font",
        type=Path,
        default=Path("/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf"),
        help="of the words in the pictures",
    )
    asyncio.run(main(parser.parse_args().font))
