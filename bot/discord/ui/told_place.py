"""Where a server is told something by itself, and of which channels: one way for all of it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import discord

from bot.core import Core
from bot.discord.gateway.channels import PostChannel
from bot.discord.gateway.told_channel import find_told_channel, missing_to_tell
from bot.discord.gateway.visibility import Readers, may_be_shown
from bot.discord.texts.lookup import Texts
from bot.discord.texts.reasons import permission_name, stored_reason
from bot.discord.ui.admin_messages import warn_admins
from bot.notices import NoticeKind
from storage.tables import Community

T = TypeVar("T")

#: Servers and people that are told something at the same time.
_AT_ONCE = 4
#: Pause after each message where there are many, seconds: of 50 requests a second they take some
#: 20, the others are left to replies.
_PAUSE_SECONDS = 0.5


class CannotBeTold(Exception):
    """Nothing can be told in a channel now; admins were told why.

    Attributes:
        reason: why, as `bot.discord.texts.reasons` stores it.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


async def told_place(
    core: Core,
    guild: discord.Guild,
    channel_id: int,
    here: Sequence[tuple[int, int]],
    *,
    what: str,
) -> tuple[PostChannel, list[int]]:
    """The channel in which a server is told something, and the communities that may be named there.

    Args:
        here: the server's communities: their ids here, and on Discord.
        what: which texts say why not: ``digest`` or ``outcomes``.

    Raises:
        CannotBeTold: the channel is gone, or the bot lacks a permission there.
        discord.HTTPException: Discord cannot say now.
    """
    channel = await find_told_channel(guild, channel_id)
    missing = missing_to_tell(channel)
    if not isinstance(channel, PostChannel) or missing:
        texts = Texts(guild.preferred_locale)
        key = f"{what}.missing" if missing else f"{what}.no_channel"
        names = ", ".join(permission_name(texts, each) for each in missing)
        text = texts(key, channel=f"<#{channel_id}>", permissions=names)
        await notice_about(core, here[0][0] if here else None, text)
        raise CannotBeTold(stored_reason(key, permissions=missing, channel=f"<#{channel_id}>"))
    readers = Readers(guild, channel, channel.id, None)
    return channel, [mine for mine, theirs in here if may_be_shown(readers, theirs)]


async def notice_about(core: Core, community_id: int | None, text: str) -> None:
    """Tell the admins of a community's server something; nobody where there is no community."""
    async with core.database.read() as session:
        community = None if community_id is None else await session.get(Community, community_id)
    if community is not None:
        kind = NoticeKind.PERMISSIONS
        await warn_admins(core.database, community, kind, text, now=core.clock())


async def tell_side_by_side(items: Sequence[T], tell: Callable[[T], Awaitable[bool]]) -> int:
    """Tell several servers and people, some at the same time; return how many messages that took.

    Args:
        tell: sends what is due to one of them, and returns whether it sent a message.
    """
    at_once = asyncio.Semaphore(_AT_ONCE)

    async def one(item: T) -> bool:
        async with at_once:
            sent = await tell(item)
            if sent and len(items) > _AT_ONCE:
                await asyncio.sleep(_PAUSE_SECONDS)
            return sent

    return sum(await asyncio.gather(*(one(each) for each in items)))
