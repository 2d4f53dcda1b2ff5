"""Makes the pictures of docs/memes.md: ``python docs/pictures/meme_views.py``.

One Peoria with an empty data folder, the loopback Discord of the tests, and drawn pictures: what
`main.py meme`, the board and Discord show for the same picture. Takes about two minutes. Needs
Chromium on the path.
"""

import asyncio
import tempfile
from pathlib import Path

import aiohttp
from loopback import photograph_board, photograph_command, photograph_terminal, play, visiting

from bot.simulation.draw import draw
from bot.simulation.memes import Meme, Palette, Scene
from tests.fakes.discord import Channel, FakeDiscord, Member

PICTURE = draw(Meme(Scene.CAT, Palette.WARM, 0.1, "", 560, 420, "JPEG", 5))
TITLE = "He knows what he did"


async def on_discord(fake: FakeDiscord, channel: Channel, person: Member) -> None:
    """`/meme`, as who asked sees it."""
    await photograph_command(
        fake, channel, person, "meme", "meme-discord.png", image=PICTURE, title=TITLE
    )


async def on_board(address: str) -> None:
    """The page with five captions, as a browser shows it."""
    async with visiting(address) as visitor:
        form = aiohttp.FormData({"title": TITLE})
        form.add_field("image", PICTURE, filename="cat.jpg", content_type="image/jpeg")
        async with visitor.get(f"{address}/meme"):
            pass
        async with visitor.post(f"{address}/meme", data=form) as answer:
            page = await answer.text()
        await photograph_board(visitor, address, page, "meme-board.png")


async def main(scratch: Path) -> None:
    """All three, of one data folder; the picture that the terminal shows is drawn there, too."""
    await play(scratch / "data", on_discord, on_board)
    (scratch / "cat.jpg").write_bytes(PICTURE)
    commands = (
        ["meme", "cat.jpg", "--title", TITLE, "--out", "meme.png"],
        ["predict", "meme.png", "--title", TITLE],
    )
    await photograph_terminal(scratch / "data", scratch, commands, "meme-command-line.png")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(main(Path(folder)))
