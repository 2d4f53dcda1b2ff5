"""A channel's history, without the messages that discord.py cannot read."""

import logging
from collections.abc import AsyncIterator

import discord

from bot.discord.gateway.channels import PostChannel

log = logging.getLogger(__name__)

#: Messages of one request: the most that Discord gives.
_PAGE = 100


async def readable_history(
    client: discord.Client, channel: PostChannel, after_id: int
) -> AsyncIterator[discord.Message]:
    """The messages of a channel after one, the oldest first.

    `discord.abc.Messageable.history` ends at the first message that cannot be read, so that
    everything after it would never be seen.

    Raises:
        discord.HTTPException: the history cannot be read.
    """
    while True:
        page = await client.http.logs_from(channel.id, _PAGE, after=after_id)
        for data in sorted(page, key=lambda each: int(each["id"])):
            after_id = max(after_id, int(data["id"]))
            try:
                message = client._connection.create_message(channel=channel, data=data)  # noqa: SLF001 - as history() does
            except Exception:
                log.exception("Message %s cannot be read and is skipped.", data["id"])
            else:
                yield message
        if len(page) < _PAGE:
            return
