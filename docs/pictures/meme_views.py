"""Makes the pictures of docs/memes.md: ``python docs/pictures/meme_views.py``.

One Peoria with an empty data folder, the loopback Discord of the tests, and drawn pictures: what
`main.py meme`, the board and Discord show for the same picture. Takes about two minutes. Needs
Chromium on the path.
"""

import asyncio
import base64
import html
import os
import re
import shlex
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
from pydantic import SecretStr

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.chromium_pictures import draw_pages  # noqa: E402
from benchmarks.discord_layout import WIDTH, Layout  # noqa: E402
from bot.app import App, build  # noqa: E402
from bot.core import open_core  # noqa: E402
from bot.settings import Settings  # noqa: E402
from bot.simulation.draw import draw  # noqa: E402
from bot.simulation.memes import Meme, Palette, Scene  # noqa: E402
from bot.web.platform import WebPlatform  # noqa: E402
from storage.types import PlatformName  # noqa: E402
from tests.fakes.clock import FakeClock  # noqa: E402
from tests.fakes.discord import Channel, FakeDiscord, Member  # noqa: E402

PICTURE = draw(Meme(Scene.CAT, Palette.WARM, 0.1, "", 560, 420, "JPEG", 5))
TITLE = "He knows what he did"
BOARD_WIDTH = 1000


async def on_command_line(data: Path, scratch: Path) -> None:
    """`main.py meme` as a terminal shows it, and the picture that it draws."""
    (scratch / "cat.jpg").write_bytes(PICTURE)
    shown = ""
    for arguments in (
        ["meme", "cat.jpg", "--title", TITLE, "--out", "meme.png"],
        ["predict", "meme.png", "--title", TITLE],
    ):
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(ROOT / "main.py"), *arguments, cwd=scratch,
            env=os.environ | {"PEORIA_DATA_DIR": str(data), "COLUMNS": "92", "NO_COLOR": "1"},
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        said, _ = await process.communicate()
        if process.returncode:
            raise SystemExit(f"main.py {arguments[0]} failed.")
        shown += f"$ main.py {shlex.join(arguments)}\n{said.decode()}\n"
    style = "margin:0;padding:16px;background:#313338;color:#dcddde;font:15px/1.25 monospace"
    page = f'<body style="{style}"><pre style="{style}">{html.escape(shown)}</pre>'
    await draw_pages({HERE / "meme-command-line.png": f"<meta charset=utf-8>{page}"}, width=980)


async def on_discord(fake: FakeDiscord, channel: Channel, person: Member) -> None:
    """`/meme`, as who asked sees it."""
    asked = await fake.slash(person, channel, "meme", wait=False, image=PICTURE, title=TITLE)
    # A busy machine takes long.
    await asked.answered(within=600)
    if asked.response is None:
        raise SystemExit("Discord was told nothing.")
    page = Layout(fake).page([asked.response])
    await draw_pages({HERE / "meme-discord.png": page}, width=WIDTH)


async def on_board(address: str) -> None:
    """The page with five captions, as a browser shows it."""
    jar = aiohttp.CookieJar(unsafe=True)
    headers = {"Origin": address}
    cookies = {"visitor": f"{1:032x}"}
    async with aiohttp.ClientSession(headers=headers, cookie_jar=jar, cookies=cookies) as visitor:
        form = aiohttp.FormData({"title": TITLE})
        form.add_field("image", PICTURE, filename="cat.jpg", content_type="image/jpeg")
        async with visitor.get(f"{address}/meme"):
            pass
        async with visitor.post(f"{address}/meme", data=form) as answer:
            page = await answer.text()
        await photograph(visitor, address, page, "meme-board.png")


async def photograph(visitor: aiohttp.ClientSession, address: str, page: str, name: str) -> None:
    """A page that only this visitor sees, with its pictures and styles in it."""
    found = re.findall(r'(?:src|href)="(/(?:meme|images|static)/[^"]+?)"', page)
    for path in dict.fromkeys(found):
        async with visitor.get(address + html.unescape(path)) as answer:
            content = base64.b64encode(await answer.read()).decode()
            page = page.replace(f'"{path}"', f'"data:{answer.content_type};base64,{content}"')
    page = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    await draw_pages({HERE / name: page}, width=BOARD_WIDTH, height=BOARD_WIDTH)


async def play(scratch: Path) -> None:
    """All three, of one data folder."""
    clock = FakeClock(datetime(2026, 11, 2, 18, tzinfo=UTC))
    data = scratch / "data"
    async with FakeDiscord(clock=clock) as fake:
        guild = fake.guild("The village")
        settings = Settings(
            _env_file=None, data_dir=data, web_port=0, silent_share=0,
            discord_token=SecretStr(fake.token), discord_api_url=fake.api_url,
            discord_gateway_url=fake.gateway_url, download_allow_hosts=("127.0.0.1",),
            log_level="WARNING",
        )  # fmt: skip
        channel = fake.channel(guild, "memes")
        person = fake.member(guild, "ann")
        async with open_core(settings, clock=clock) as core:
            app: App = build(core)
            discord, board = (
                app.platforms[name] for name in (PlatformName.DISCORD, PlatformName.WEB)
            )
            await discord.start()
            try:
                await fake.ready()
                await on_discord(fake, channel, person)
            finally:
                await discord.stop()
            assert isinstance(board, WebPlatform)  # noqa: S101 - for what reads types
            await board.start()
            try:
                await on_board(board.url.rstrip("/"))
            finally:
                await board.stop()
    await on_command_line(data, scratch)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(play(Path(folder)))
