"""The first chapter of the story on Discord: from a token to a bot on a server, by the guide."""

import asyncio
import os
import re
import sys
from pathlib import Path

from discord import Permissions

from benchmarks.discord_village import Story
from tests.fakes.discord import FakeDiscord, Guild

ROOT = Path(__file__).resolve().parent.parent


async def invite(story: Story, guild: Guild, folder: Path) -> None:
    """Steps 2 to 7 of docs/discord.md: what is typed there, in an empty folder.

    Args:
        guild: a server that the bot is let into, with what the link asks for.
        folder: where Peoria's ``.env`` is.
    """
    fake = story.fake
    story.chapter("Install")
    (folder / "secrets").mkdir()
    (folder / "secrets" / "discord-token").write_text(fake.token, "utf-8")
    (folder / ".env").write_text("PEORIA_DISCORD_TOKEN_FILE=secrets/discord-token\n", "utf-8")
    story.tell("The token lies in `secrets/discord-token`, and `.env` says so.")
    told = await _check(fake, folder)
    story.shell("main.py discord check", told)
    link = re.search(r"https://\S+permissions=(\d+)\S*", told)
    assert link is not None
    fake.invite_bot(guild)
    wanted = {name: True for name, value in Permissions(int(link[1])) if value}
    fake.grant(guild.members[fake.bot.id], **wanted)
    story.tell(f"Whoever opens the link lets Peoria into {guild.name}. Then:")
    story.shell("main.py discord check", await _check(fake, folder))


async def _check(fake: FakeDiscord, folder: Path) -> str:
    mine = {name: value for name, value in os.environ.items() if not name.startswith("PEORIA_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(ROOT / "main.py"), "discord", "check", cwd=folder,
        env=mine | {
            "PEORIA_DISCORD_API_URL": fake.api_url, "PEORIA_DISCORD_GATEWAY_URL": fake.gateway_url,
            "PEORIA_DATA_DIR": str(folder / "checked"), "NO_COLOR": "1", "COLUMNS": "160",
        },
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    told, _ = await process.communicate()
    return told.decode()
