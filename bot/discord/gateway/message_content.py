"""Whether the bot may read what messages hold: the privileged intent that replies need."""

import logging
from typing import Literal

import discord

from bot.discord.gateway.client import needed_intents
from bot.platform import PlatformRefused

log = logging.getLogger(__name__)

NO_INTENT = (
    "Discord does not give this bot the content of messages. Switch on Message Content Intent in"
    " the Discord Developer Portal (your application → Bot → Privileged Gateway Intents), or set"
    " PEORIA_DISCORD_MESSAGE_CONTENT=auto to run without automatic replies until then."
)


def intent_is_granted(client: discord.Client) -> bool:
    """Whether the application of a client that has logged in has the intent."""
    flags = client.application_flags
    return flags.gateway_message_content or flags.gateway_message_content_limited


async def may_read_content(wanted: Literal["auto", "on", "off"], token: str) -> bool:
    """Whether to ask for the content of messages; asking without the intent ends the connection.

    Args:
        wanted: the setting ``discord_message_content``.

    Raises:
        PlatformRefused: the setting asks for it, and it is not granted.
    """
    if wanted == "off":
        return False
    async with discord.Client(intents=needed_intents(message_content=False)) as client:
        await client.login(token)
        granted = intent_is_granted(client)
    if wanted == "on" and not granted:
        raise PlatformRefused(NO_INTENT)
    if not granted:
        log.warning(
            "Discord does not give this bot the content of messages: there are no automatic"
            " replies until Message Content Intent is switched on in the Developer Portal."
        )
    return granted
