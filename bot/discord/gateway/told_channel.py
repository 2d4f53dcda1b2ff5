"""Channels in which a server is told something: what is missing there, what was said there."""

from collections.abc import Callable
from datetime import datetime, timedelta

import discord

from bot.discord.gateway.channels import PostChannel
from bot.discord.gateway.history import readable_history

#: Messages among which an earlier one of ours is looked for, and how far clocks may differ.
_MOST_READ, _CLOCKS_DIFFER = 300, timedelta(minutes=2)


async def find_told_channel(guild: discord.Guild, channel_id: int) -> object:
    """Where something is told; None: there is no such channel, or none that is in sight."""
    channel = guild.get_channel_or_thread(channel_id)
    if channel is not None:
        return channel
    try:
        # A thread is archived some days after its last message, often the one before. It is not
        # among those that a server tells of then, and what is sent there opens it again.
        return await guild.fetch_channel(channel_id)
    except (discord.NotFound, discord.Forbidden, discord.InvalidData):
        return None


def missing_to_tell(channel: object) -> list[str]:
    """The permissions that the bot lacks to send an embed in a channel."""
    if not isinstance(channel, PostChannel):
        return []
    allowed = channel.permissions_for(channel.guild.me)
    writing = "send_messages"
    if isinstance(channel, discord.Thread):
        writing = "send_messages_in_threads"
    needed = ("view_channel", writing, "embed_links")
    return [name for name in needed if not getattr(allowed, name)]


async def sent_before(
    client: discord.Client,
    place: discord.abc.Messageable,
    since: datetime,
    is_it: Callable[[discord.Embed], bool],
) -> discord.Message | None:
    """Our message with a certain embed, where a process sent it that could not note it."""
    after = since - _CLOCKS_DIFFER
    if isinstance(place, PostChannel):
        after_id = discord.utils.time_snowflake(after)
        found = readable_history(client, place, after_id, most=_MOST_READ)
    else:
        found = place.history(limit=_MOST_READ, after=after)
    async for message in found:
        if message.author == client.user and any(is_it(each) for each in message.embeds):
            return message
    return None


async def is_there(client: discord.Client, channel_id: int, message_id: int) -> bool:
    """Whether a message can be seen; no where it was deleted."""
    try:
        await client.http.get_message(channel_id, message_id)
    except (discord.NotFound, discord.Forbidden):
        return False
    return True
