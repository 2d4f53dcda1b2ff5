"""What the story on Discord is told with: its transcript, and a village of people."""

import asyncio
import sys
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import numpy as np
from discord.ext import commands

from benchmarks.chromium_pictures import draw_pages
from benchmarks.discord_layout import WIDTH, Layout
from bot.app import App
from bot.discord.digests.run_digests import Digests
from bot.discord.games.run_games import Games
from bot.discord.history.run_imports import HistoryImports
from bot.discord.outcomes.tell_outcomes import OutcomeTeller
from bot.discord.platform import DiscordPlatform
from bot.platform import PlatformUnavailable
from bot.simulation.draw import draw
from bot.simulation.memes import Meme, Palette, Scene
from storage.types import PlatformName
from tests.fakes.clock import FakeClock
from tests.fakes.discord import Channel, FakeDiscord, Guild, Interaction, Member, Message, Upload

_Cog = TypeVar("_Cog", bound=commands.Cog)

UP, DOWN = "⬆️", "⬇️"
MINUTE, HOUR, DAY = 60, 3600, 24 * 3600
WORDS = (
    "when the build is green", "monday again", "nobody asked", "me after lunch",
    "it works on mine", "the plan", "the result", "every single time", "just one more level",
    "expectation and reality",
)  # fmt: skip
#: What these people like, and what they do not.
LIKED = {Scene.CAT: 5.0, Scene.FACE: 3.5, Scene.FOOD: 3.0, Scene.CHART: -2.0, Scene.PATTERN: -2.5}
LIKED_COLOURS = {Palette.NEON: 1.5, Palette.GREY: -1.5}


class Story:
    """The transcript and its pictures, while they are made."""

    def __init__(self, fake: FakeDiscord, clock: FakeClock, pictures: Path) -> None:
        self.fake, self.clock = fake, clock
        self._layout = Layout(fake)
        self._pictures = pictures
        self._pages: dict[Path, str] = {}
        self.lines: list[str] = []

    def tell(self, text: str) -> None:
        self.lines += [text, ""]

    def chapter(self, title: str) -> None:
        sys.stderr.write(f"{time.process_time():6.0f} s of processor time  {title}\n")
        # People take their time; who asks for much at once is refused.
        self.clock.forward(MINUTE)
        self.lines += [f"## {title}", ""]

    def show(self, name: str, alt: str, messages: Sequence[Message | None]) -> None:
        """A picture of messages as they stand now; `draw` makes it."""
        path = self._pictures / f"discord-{name}.png"
        self._pages[path] = self._layout.page([each for each in messages if each is not None])
        self.lines += [f"![{alt}](pictures/{path.name})", ""]

    async def draw(self) -> None:
        """All pictures, when the story is over: a browser beside it would slow the bot."""
        await draw_pages(self._pages, width=WIDTH)

    def shell(self, command: str, answer: str) -> None:
        """What was typed in Peoria's folder, and what stood there then."""
        lines = [f"$ .venv/bin/python {command}", *answer.rstrip().splitlines()]
        self.lines += [*(f"    {line}".rstrip() for line in lines), ""]

    def quote(self, who: str, asked: str, answer: str, seconds: float | None = None) -> None:
        """What somebody did, and what the bot said."""
        took = "" if seconds is None else f" *(acknowledged after {seconds * 1000:.0f} ms)*"
        self.lines += [f"**{who}**: {asked}{took}", ""]
        if answer:
            said = self._layout.words(answer).split("\n")
            self.lines += [f"> {line}  " if line else ">" for line in said] + [""]


class Village:
    """Some people, and what they like."""

    def __init__(
        self, app: App, story: Story, channel: Channel, told: Channel, people: list[Member]
    ) -> None:
        self.app, self.story, self.channel, self.people = app, story, channel, people
        #: Where the digest is told.
        self.told = told
        assert channel.guild is not None
        self.guild: Guild = channel.guild
        self.rng = np.random.default_rng(20)

    def meme(self, scene: Scene | None = None, palette: Palette | None = None) -> Meme:
        return Meme(
            scene=scene or self.rng.choice(list(Scene)),
            palette=palette or self.rng.choice(list(Palette)),
            clutter=float(self.rng.uniform(0, 0.5)), caption=str(self.rng.choice(WORDS)),
            width=480, height=360, format="JPEG", variation=int(self.rng.integers(2**31)),
        )  # fmt: skip

    async def post(self, author: Member, meme: Meme, words: str = "") -> Message:
        upload = Upload(draw(meme), "meme.jpg")
        message = await self.story.fake.post_message(
            self.channel, author, content=words, attachments=[upload]
        )
        await self.story.fake.settle(within=120)
        return message

    async def reply_to(self, message: Message) -> Message:
        (reply,) = await self.story.fake.until(
            lambda: self.story.fake.replies_to(message), "a reply", within=120
        )
        return reply

    async def vote(self, message: Message, meme: Meme) -> None:
        """Everybody votes as they like."""
        liked = LIKED.get(meme.scene, 0.5) + LIKED_COLOURS.get(meme.palette, 0.0)
        for person in self.people:
            if person is message.author:
                continue
            mood = liked + self.rng.normal(0, 1.6)
            if mood > 1.5:
                await self.story.fake.react(person, message, UP)
            elif mood < -3:
                await self.story.fake.react(person, message, DOWN)
        await self.story.fake.settle(within=120)

    async def pass_time(self, seconds: float, *, step: float = HOUR / 2) -> None:
        """The time moves on, and what is due is done after every ``step``, seconds."""
        end = self.story.clock() + timedelta(seconds=seconds)
        while self.story.clock() < end:
            left = (end - self.story.clock()).total_seconds()
            self.story.clock.forward(min(step, left))
            while await self.app.jobs.run_due():
                pass
            await self.look()
        await self.story.fake.settle(within=120)

    async def look(self) -> None:
        """What the bot does by itself some seconds of real time: digests, outcomes, duels."""
        digests, games = await self._part(Digests), await self._part(Games)
        await digests.send_due()
        await (await self._part(OutcomeTeller)).tell_due()
        await games.look()

    async def take_up_imports(self) -> None:
        """The imports that were asked for go on, to their end."""
        await (await self._part(HistoryImports)).take_up()
        await self.story.fake.settle(within=120)

    async def _part(self, kind: type[_Cog]) -> _Cog:
        platform = self.app.platforms[PlatformName.DISCORD]
        assert isinstance(platform, DiscordPlatform)
        connection = platform._connection  # noqa: SLF001 - its rounds go by real time
        while True:
            try:
                part = connection.session().client.get_cog(kind.__name__)
            except PlatformUnavailable:
                # On a busy machine the bot may lose the right to serve for a moment.
                await asyncio.sleep(1)
            else:
                assert isinstance(part, kind)
                return part


async def guess(village: Village, person: Member, reply: Message, meme: Meme, taste: float) -> None:
    """Somebody guesses, as well as they know the others' taste (0 to 1)."""
    liked = LIKED.get(meme.scene, 0.5) + LIKED_COLOURS.get(meme.palette, 0.0)
    known = taste * liked + (1 - taste) * village.rng.normal(0, 4)
    label = "High" if known > 2 else "Low" if known < 0 else "Medium"
    await village.story.fake.click(person, reply, label)


def said(asked: Interaction) -> str:
    """What the bot answered, all of it."""
    return asked.text.strip()
