"""A server on the loopback Discord with the whole of Peoria on it; its clock stands still."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from pydantic import SecretStr
from sqlalchemy import func, select

from bot.app import App, build
from bot.communities import change_community, watch_community
from bot.core import Core, open_core
from bot.platform import CommunityRef, Platform
from bot.settings import Settings
from storage.queries.communities import find_community
from storage.tables import Guess, Label, Post
from storage.types import PlatformName
from tests.fakes.clock import FakeClock
from tests.fakes.discord import Channel, FakeDiscord, Guild, Member, Message
from tests.fixtures.images import encode, photo

HORIZON = 3600
SEND = "POST /channels/{channel_id}/messages"
EDIT = "PATCH /channels/{channel_id}/messages/{message_id}"
PNG = encode(photo(), "PNG")


@dataclass
class Scene:
    """What a scenario plays on."""

    fake: FakeDiscord
    app: App
    clock: FakeClock
    guild: Guild
    channel: Channel
    admin: Member
    ann: Member
    bob: Member

    @property
    def core(self) -> Core:
        return self.app.core

    @property
    def platform(self) -> Platform:
        return self.app.platforms[PlatformName.DISCORD]

    async def watch(self, channel: Channel, **settings: object) -> None:
        """Watch a channel, as /watch does."""
        assert channel.guild is not None
        options = {"guild": str(channel.guild.id)}
        await watch_community(
            self.core.database, PlatformName.DISCORD,
            CommunityRef(str(channel.id), channel.name, horizon_seconds=HORIZON),
            now=self.clock(), high_water=None, options=options,
        )  # fmt: skip
        if settings:
            async with self.core.database.read() as session:
                community = await session.run_sync(
                    find_community, PlatformName.DISCORD, str(channel.id)
                )
                assert community is not None
            await change_community(self.core.database, community.id, **settings)  # type: ignore[arg-type]

    async def work(self) -> None:
        """Everything that is due now is done."""
        await self.fake.settle()
        while await self.app.jobs.run_due() + await self.app.jobs.remove_replies():
            await self.fake.settle()

    async def pass_time(self, seconds: float) -> None:
        """The clock moves on, and what is due by then is done."""
        self.clock.forward(seconds)
        await self.work()

    async def posted(self, **more: object) -> tuple[Message, Message]:
        """An image post of Ann's, and the bot's reply to it."""
        post = await self.fake.post_message(
            self.channel, self.ann, **{"attachments": [PNG], **more}
        )  # type: ignore[arg-type]
        await self.work()
        (reply,) = self.fake.replies_to(post)
        return post, reply

    async def stored(self, message: Message) -> Post | None:
        """The post as it is stored."""
        async with self.core.database.read() as session:
            found: Post | None = await session.scalar(
                select(Post).filter_by(source_id=str(message.id))
            )
            return found

    async def label(self, message: Message) -> Label | None:
        """The label that it got."""
        post = await self.stored(message)
        async with self.core.database.read() as session:
            return None if post is None else await session.get(Label, post.id)

    async def guesses(self, message: Message) -> list[Guess]:
        """The guesses that were made on it."""
        post = await self.stored(message)
        assert post is not None
        async with self.core.database.read() as session:
            return list(await session.scalars(select(Guess).filter_by(post_id=post.id)))

    async def posts(self) -> int:
        """How many posts are stored."""
        async with self.core.database.read() as session:
            return int(await session.scalar(select(func.count()).select_from(Post)) or 0)


def on_discord(settings: Settings, fake: FakeDiscord, **more: object) -> Settings:
    """Settings of a Peoria that is on the loopback Discord and nowhere else."""
    return settings.model_copy(update={
        "web": False, "discord_token": SecretStr(fake.token), "discord_api_url": fake.api_url,
        "discord_gateway_url": fake.gateway_url, "download_allow_hosts": ("127.0.0.1",), **more,
    })  # fmt: skip


@asynccontextmanager
async def peoria(
    settings: Settings, fake: FakeDiscord, clock: FakeClock, **more: object
) -> AsyncIterator[App]:
    """Peoria, connected; its jobs run when a scenario asks for it. ``more``: settings."""
    async with open_core(on_discord(settings, fake, **more), clock=clock) as core:
        app = build(core)
        platform = app.platforms[PlatformName.DISCORD]
        await platform.start()
        try:
            await fake.ready()
            await fake.settle()
            yield app
        finally:
            await platform.stop()
