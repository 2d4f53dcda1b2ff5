"""Where the past of a community lies: its channel, and the threads that belong to it."""

from datetime import datetime

import discord

from bot.discord.gateway.channels import PostChannel, WatchedChannel
from bot.discord.gateway.thread_rule import ThreadRule, thread_rule
from storage.tables import Community


async def places_of(
    channel: WatchedChannel, community: Community, *, since: datetime
) -> list[PostChannel]:
    """The channel itself, and behind it its threads, the oldest first.

    The order never changes, whatever is posted meanwhile: an import that goes on later finds its
    place again.

    Args:
        channel: of the community.
        community: whose options say which threads belong to it.
        since: threads that were archived before have nothing newer in them.

    Raises:
        discord.HTTPException: the threads cannot be read.
    """
    own = [] if isinstance(channel, discord.ForumChannel) else [channel]
    if thread_rule(community.options) is ThreadRule.NONE:
        return own
    if not isinstance(channel, discord.TextChannel | discord.ForumChannel):
        return own
    threads = {each.id: each for each in channel.threads if not each.is_private()}
    async for thread in channel.archived_threads(limit=None):
        if thread.archive_timestamp < since:
            break
        threads.setdefault(thread.id, thread)
    return [*own, *(threads[key] for key in sorted(threads))]
