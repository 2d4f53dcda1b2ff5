"""Goes three ways through the board by its pages alone, and photographs each step.

    python docs/pictures/walks.py [--data FOLDER]

An admin comes from an empty page to a watched channel of Discord, which is played by the tests'
Discord on this machine. An admin looks at how everything is, makes a backup and reads the settings.
Somebody with data comes from the page of tokens to a plot: of the posts in
FOLDER, a data folder with imported posts, of which a copy is used. From the first page on, only
links, buttons and fields of pages are used. Pictures go to the folder ``walks``. Needs Chromium on
the path, and what the tests need. The way of a newcomer: ``pages.py``.
"""

import argparse
import asyncio
import io
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent))

from PIL import Image  # noqa: E402
from playwright.async_api import Browser, Page, async_playwright  # noqa: E402

from bot.app import App, build, running  # noqa: E402
from bot.core import open_core  # noqa: E402
from bot.settings import Settings  # noqa: E402
from bot.web.platform import WebPlatform  # noqa: E402
from storage.types import PlatformName  # noqa: E402
from tests.fakes.discord import FakeDiscord  # noqa: E402

OUT = HERE / "walks"
#: Milliseconds: a slow machine needs its time.
PATIENCE = 180_000
#: Seconds between two looks at a page that changes by itself.
LOOK = 3


@asynccontextmanager
async def serving(data: Path, **changes: object) -> AsyncIterator[tuple[App, str]]:
    """A Peoria on a free port, and the link that it prints for its admin."""
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]
        data_dir=data,
        web_port=0,
        retrain_cron="off",
    ).model_copy(update=changes)
    async with open_core(settings) as core:
        app = build(core)
        board = app.platforms[PlatformName.WEB]
        if not isinstance(board, WebPlatform):
            raise TypeError("no board")
        async with running(app):
            yield app, board.admin_link()


async def photograph(page: Page, name: str, *, whole: bool = False) -> None:
    """The page as it is seen first, or all of it."""
    picture = Image.open(io.BytesIO(await page.screenshot(full_page=whole))).convert("RGB")
    few = picture.quantize(64, dither=Image.Dither.NONE)
    few.save(OUT / f"{name}.png", optimize=True)
    sys.stdout.write(f"{name}.png\n")


async def press(page: Page, name: str) -> None:
    """A link of the page, by its words."""
    await page.get_by_role("link", name=name, exact=True).first.click()
    await page.wait_for_load_state()


async def walk_to_discord(browser: Browser, data: Path) -> None:
    """From an empty page to a watched channel."""
    async with FakeDiscord() as fake:
        guild = fake.guild("The meme club")
        channel = fake.channel(guild, "memes")
        moderator = fake.member(guild, "moderator", manage_guild=True)
        places = {"discord_api_url": fake.api_url, "discord_gateway_url": fake.gateway_url}
        async with serving(data, **places) as (_, link):
            page = await browser.new_page(viewport={"width": 1000, "height": 900}, locale="en-GB")
            page.set_default_timeout(PATIENCE)
            await page.goto(link)
            await photograph(page, "discord-1-admin")
            await press(page, "Set up platforms")
            await photograph(page, "discord-2-steps")
            await page.get_by_label("Token", exact=True).fill(fake.token)
            await page.get_by_role("button", name="Keep it and check").click()
            await page.get_by_text("Peoria signs in by itself").wait_for()
            await photograph(page, "discord-3-checked")
            while not await page.get_by_text("Peoria is signed in").count():
                await asyncio.sleep(LOOK)
                await press(page, "Load again")
            await photograph(page, "discord-4-signed-in")
            await fake.ready()
            await fake.slash(moderator, channel, "watch")
            await page.get_by_role("button", name="Check Discord").click()
            await page.get_by_text("watches 1 of its communities").wait_for()
            await photograph(page, "discord-5-watched")
            await press(page, "Communities")
            await photograph(page, "discord-6-communities")
            await page.locator("a.place-name", has_text="memes").click()
            await press(page, "Settings")
            await photograph(page, "discord-7-settings")
            await page.close()


async def walk_to_plot(browser: Browser, data: Path, folder: Path) -> None:
    """A look at how everything is, and from a token to a plot."""
    async with serving(data) as (_, link):
        page = await browser.new_page(viewport={"width": 1000, "height": 900}, locale="en-GB")
        page.set_default_timeout(PATIENCE)
        await page.goto(link)
        await press(page, "To the admin's page")
        await photograph(page, "admin-1-state", whole=True)
        await press(page, "Backups")
        await page.get_by_role("button", name="Make one now").click()
        await page.get_by_role("rowheader").first.wait_for()
        await photograph(page, "admin-2-backups")
        await press(page, "Admin")
        await press(page, "Settings")
        await photograph(page, "admin-3-settings")
        await press(page, "Admin")
        await press(page, "tokens")
        await page.get_by_label("Its name").fill("plots")
        await page.get_by_role("button", name="Make it").click()
        token = await page.locator("code.token").inner_text()
        # A picture with a token would have people look for a leak.
        await page.locator("code.token").evaluate("shown => { shown.textContent = 'peoria_…' }")
        await photograph(page, "plot-1-token")
        await press(page, "the API")
        await photograph(page, "plot-2-api")
        async with page.expect_download() as download:
            await page.get_by_role("link", name="label_plot.py").click()
        program = folder / "label_plot.py"
        await (await download.value).save_as(program)
        await page.close()
        process = await asyncio.create_subprocess_exec(
            sys.executable, program, "--out", OUT / "plot-3-hours.png", cwd=folder,
            env=os.environ | {"PEORIA_TOKEN": token, "MPLBACKEND": "agg"},
        )  # fmt: skip
        if await process.wait():
            raise SystemExit("The program of the page has failed.")


async def main(data: Path | None) -> None:
    """Go both ways."""
    OUT.mkdir(exist_ok=True)
    chromium = shutil.which("chromium") or os.environ.get("PEORIA_TEST_CHROMIUM")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"]
            )
            await walk_to_discord(browser, folder / "empty")
            if data is not None:
                shutil.copytree(data, folder / "data")
                await walk_to_plot(browser, folder / "data", folder)
            await browser.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="a data folder with posts, for the plot")
    asyncio.run(main(parser.parse_args().data))
