"""The kinds of channels that can be watched, and which of them a message belongs to."""

from typing import TypeAlias

import discord

#: Where messages are: people post images in it, and the bot replies there.
PostChannel: TypeAlias = (
    discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.Thread
)
#: What can be a community. A forum or media channel has no messages of its own, only threads.
WatchedChannel: TypeAlias = PostChannel | discord.ForumChannel


def parent_id(channel: object) -> int | None:
    """The channel that a thread everybody there can see belongs to; None: it is no such thread.

    A private thread has readers of its own: it is watched by itself or not at all.
    """
    if isinstance(channel, discord.Thread) and not channel.is_private():
        return channel.parent_id
    return None


def family(channel: object) -> list[int]:
    """A channel's id, and behind it that of the channel that it is a thread of."""
    ids = (getattr(channel, "id", None), parent_id(channel))
    return [each for each in ids if each is not None]
