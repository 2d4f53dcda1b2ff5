"""What tests of the adapter do again and again."""

from typing import Any

from sqlalchemy import select

from bot.app import App
from bot.platform import CommunityRef
from bot.watching import watch_community
from storage.posts import load_post
from storage.tables import Community, Post
from storage.types import Platform
from tests.fakes.discord import Channel, Message
from tests.fixtures.images import encode, photo

PNG = encode(photo(), "PNG")
OTHER = encode(photo().rotate(90), "PNG")


async def watch(app: App, channel: Channel, **settings: Any) -> Community:
    """What /watch does."""
    community, _ = await watch_community(
        app.core.database,
        Platform.DISCORD,
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
            select(Post.id).filter_by(platform=Platform.DISCORD, source_id=str(message.id))
        )
        return None if post_id is None else await load_post(session, post_id)
