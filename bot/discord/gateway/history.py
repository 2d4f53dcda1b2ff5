"""A channel's history, without the messages that discord.py cannot read."""

import logging
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import discord

from bot.discord.gateway.channels import PostChannel, WatchedChannel

log = logging.getLogger(__name__)

#: Messages of one request: the most that Discord gives.
_PAGE = 100
#: Discord archives no thread sooner by itself after its last message.
_SOONEST_ARCHIVED = timedelta(hours=1)


async def readable_history(
    client: discord.Client, channel: PostChannel, after_id: int, *, most: int | None = None
) -> AsyncIterator[discord.Message]:
    """The messages of a channel after one, the oldest first; ``most`` of them are looked at.

    `discord.abc.Messageable.history` ends at the first message that cannot be read, so that
    everything after it would never be seen.

    Raises:
        discord.HTTPException: the history cannot be read.
    """
    looked_at = 0
    while most is None or looked_at < most:
        page = await client.http.logs_from(channel.id, _PAGE, after=after_id)
        looked_at += len(page)
        # One whose id cannot be read has no place among the others.
        found = {int(each["id"]): each for each in page if str(each.get("id")).isdecimal()}
        if page and max(found, default=0) <= after_id:
            log.warning("The history of channel %s cannot be read further.", channel.id)
            return
        for message_id, data in sorted(found.items()):
            after_id = max(after_id, message_id)
            try:
                message = client._connection.create_message(channel=channel, data=data)  # noqa: SLF001 - as history() does
            except Exception:
                log.exception("Message %s cannot be read and is skipped.", message_id)
            else:
                yield message
        if len(page) < _PAGE:
            return


async def threads_since(
    channel: WatchedChannel, after_id: int, *, now: datetime
) -> AsyncIterator[discord.Thread]:
    """The threads of a channel, private ones left out, that may have messages after one.

    Those that were archived meanwhile are asked for where the time was long enough for that.

    Raises:
        discord.HTTPException: the archived threads cannot be read.
    """
    if not isinstance(channel, discord.TextChannel | discord.ForumChannel):
        return
    for thread in channel.threads:
        if not thread.is_private() and (thread.last_message_id or after_id + 1) > after_id:
            yield thread
    since = discord.utils.snowflake_time(after_id)
    if now - since < _SOONEST_ARCHIVED:
        return
    async for thread in channel.archived_threads(limit=None):
        if thread.archive_timestamp < since:
            return
        yield thread
