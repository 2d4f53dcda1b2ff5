"""What the bot needs to be allowed in a channel, and what of it is missing."""

from collections.abc import Sequence

import discord

from bot.discord.gateway.channels import WatchedChannel
from storage.types import ReplyMode

#: discord.py's names of what it takes to see posts, their votes and their history.
_WATCHING: tuple[str, ...] = ("view_channel", "read_message_history")
_REPLYING = ("send_messages", "embed_links", "attach_files")
_REACTING = ("add_reactions",)

#: Everything that automatic replies in all their modes and outcomes use.
WANTED = discord.Permissions(
    **dict.fromkeys((*_WATCHING, *_REPLYING, *_REACTING, "send_messages_in_threads"), True)
)


def missing_permissions(
    channel: object, mode: ReplyMode, allowed: discord.Permissions | None = None
) -> Sequence[str]:
    """discord.py's names of the permissions that are missing in a channel for a mode.

    Args:
        channel: where; nothing is missing where nobody can know (a guild that is not cached).
        mode: what the bot does there.
        allowed: what it may do there, where that is known better than from the cache.
    """
    if allowed is None:
        if not isinstance(channel, WatchedChannel):
            return []
        me = channel.guild.me
        # Of a guild that another process serves nothing is cached.
        if me is None:
            return []
        allowed = channel.permissions_for(me)
    if not allowed.view_channel:
        # Whatever else is missing there cannot be known.
        return ["view_channel"]
    needed = _WATCHING
    if mode is ReplyMode.REPLY and isinstance(channel, discord.Thread | discord.ForumChannel):
        needed += ("send_messages_in_threads", *_REPLYING[1:])
    elif mode is ReplyMode.REPLY:
        needed += _REPLYING
    elif mode is ReplyMode.REACT:
        needed += _REACTING
    return [name for name in needed if not getattr(allowed, name)]
