"""What tests of the adapter do again and again."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import select

from bot.app import App
from bot.communities import watch_community
from bot.discord.platform import DiscordPlatform
from bot.platform import CommunityRef
from storage.queries.posts import load_post
from storage.tables import Community, Post
from storage.types import PlatformName
from tests.fakes.discord import Channel, FakeDiscord, Message
from tests.fixtures.images import encode, photo

PNG = encode(photo(), "PNG")
OTHER = encode(photo().rotate(90), "PNG")


async def watch(app: App, channel: Channel, **settings: Any) -> Community:
    """What /watch does."""
    community, _ = await watch_community(
        app.core.database,
        PlatformName.DISCORD,
        CommunityRef(str(channel.id), f"#{channel.name}"),
        now=app.core.clock(),
        high_water=None,
        **settings,
    )
    return community


async def stored(app: App, message: Message) -> Post | None:
    """The post that a message became."""
    async with app.core.database.read() as session:
        post_id = await session.scalar(
            select(Post.id).filter_by(platform=PlatformName.DISCORD, source_id=str(message.id))
        )
        return None if post_id is None else await session.run_sync(load_post, post_id)


async def answered(fake: FakeDiscord, *messages: Message) -> None:
    """Wait until each message has its reply, and see that none gets a second one."""
    await fake.until(lambda: all(fake.replies_to(each) for each in messages), "a reply to each")
    await fake.settle()
    assert [len(fake.replies_to(each)) for each in messages] == [1] * len(messages)


@asynccontextmanager
async def connected(app: App, fake: FakeDiscord) -> AsyncIterator[DiscordPlatform]:
    """The bot, connected, when it has done everything that there was to do."""
    platform = app.platforms[PlatformName.DISCORD]
    assert isinstance(platform, DiscordPlatform)
    await platform.start()
    try:
        await fake.ready()
        await fake.settle()
        yield platform
    finally:
        await platform.stop()
