"""One Peoria with the tests' loopback Discord and a board, and how what they show is pictured."""

import asyncio
import base64
import html
import os
import re
import shlex
import sys
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
from pydantic import SecretStr

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.chromium_pictures import draw_pages  # noqa: E402
from benchmarks.discord_layout import WIDTH, Layout  # noqa: E402
from bot.app import build  # noqa: E402
from bot.core import open_core  # noqa: E402
from bot.settings import Settings  # noqa: E402
from bot.web.platform import WebPlatform  # noqa: E402
from storage.types import PlatformName  # noqa: E402
from tests.fakes.clock import FakeClock  # noqa: E402
from tests.fakes.discord import Channel, FakeDiscord, Member  # noqa: E402

BOARD_WIDTH, TERMINAL_WIDTH = 1000, 980


async def play(
    data: Path,
    on_discord: Callable[[FakeDiscord, Channel, Member], Awaitable[None]],
    on_board: Callable[[str], Awaitable[None]],
    **settings: Any,
) -> None:
    """Start Peoria on an empty data folder, and have it shown on Discord and on its board.

    Args:
        data: the folder.
        on_discord: what happens in a channel of a server, with somebody who asks there.
        on_board: what happens on the board, by its address without the last slash.
        settings: beside those of the scene.
    """
    clock = FakeClock(datetime(2026, 11, 2, 18, tzinfo=UTC))
    async with FakeDiscord(clock=clock) as fake:
        guild = fake.guild("The village")
        channel, person = fake.channel(guild, "memes"), fake.member(guild, "ann")
        given = Settings(
            _env_file=None, data_dir=data, web_port=0, silent_share=0,
            discord_token=SecretStr(fake.token), discord_api_url=fake.api_url,
            discord_gateway_url=fake.gateway_url, download_allow_hosts=("127.0.0.1",),
            log_level="WARNING", **settings,
        )  # fmt: skip
        async with open_core(given, clock=clock) as core:
            app = build(core)
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


async def photograph_command(
    fake: FakeDiscord, channel: Channel, person: Member, command: str, name: str, **options: Any
) -> None:
    """What a command answers, as who asked sees it."""
    asked = await fake.slash(person, channel, command, wait=False, **options)
    # A busy machine takes long.
    await asked.answered(within=600)
    if asked.response is None:
        raise SystemExit("Discord was told nothing.")
    await draw_pages({HERE / name: Layout(fake).page([asked.response])}, width=WIDTH)


def visiting(address: str, **headers: str) -> aiohttp.ClientSession:
    """Somebody who looks at a board and is known there."""
    return aiohttp.ClientSession(
        headers={"Origin": address, **headers},
        cookie_jar=aiohttp.CookieJar(unsafe=True),
        cookies={"visitor": f"{1:032x}"},
    )


async def photograph_board(
    visitor: aiohttp.ClientSession, address: str, page: str, name: str
) -> None:
    """A page that only this visitor sees, with its pictures and styles in it."""
    found = re.findall(r'(?:src|href)="(/(?:meme|images|static)/[^"]+?)"', page)
    for path in dict.fromkeys(found):
        async with visitor.get(address + html.unescape(path)) as answer:
            content = base64.b64encode(await answer.read()).decode()
            page = page.replace(f'"{path}"', f'"data:{answer.content_type};base64,{content}"')
    page = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    await draw_pages({HERE / name: page}, width=BOARD_WIDTH, height=BOARD_WIDTH)


async def photograph_terminal(
    data: Path, folder: Path, commands: Sequence[Sequence[str]], name: str
) -> None:
    """What commands of main.py print, one after another, as a terminal in a folder shows it."""
    shown = []
    for arguments in commands:
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(ROOT / "main.py"), *arguments, cwd=folder,
            env=os.environ | {"PEORIA_DATA_DIR": str(data), "COLUMNS": "92", "NO_COLOR": "1"},
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        said, _ = await process.communicate()
        if process.returncode:
            raise SystemExit(f"main.py {arguments[0]} failed.")
        shown.append(f"$ main.py {shlex.join(arguments)}\n{said.decode()}")
    style = "margin:0;padding:16px;background:#313338;color:#dcddde;font:15px/1.25 monospace"
    text = html.escape("\n".join(shown))
    page = f'<meta charset=utf-8><body style="{style}"><pre style="{style}">{text}</pre>'
    await draw_pages({HERE / name: page}, width=TERMINAL_WIDTH)
