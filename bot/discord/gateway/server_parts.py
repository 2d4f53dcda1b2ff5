"""A server as Discord tells of it, without those of its parts that discord.py cannot read.

One odd channel, role or thread would otherwise take the whole server away: nobody there would be
answered until the next connection, and not after it either.
"""

import logging
from collections.abc import Mapping
from typing import Any

import discord

from bot.discord.gateway.event_guard import Parser

log = logging.getLogger(__name__)

#: Lists of a server's parts.
_PARTS = (
    "roles", "emojis", "stickers", "channels", "threads", "members", "presences", "voice_states",
    "stage_instances", "guild_scheduled_events", "soundboard_sounds",
)  # fmt: skip


def read_in_parts(parser: Parser, state: Any) -> Parser:
    """Have a server that cannot be read as a whole be read without its odd parts.

    Args:
        parser: of discord.py, for the event that tells of a server.
        state: discord.py's own, in which servers are kept.
    """

    def parse(data: Any) -> None:
        try:
            parser(data)
        except Exception:
            readable = _readable(data, state)
            if readable == data:
                raise
            log.exception("Parts of server %s cannot be read and are left out.", data.get("id"))
            parser(readable)

    return parse


def _readable(data: Mapping[str, Any], state: Any) -> dict[str, Any]:
    """What is left of a server without the parts that cannot be read."""
    bare = {key: value for key, value in data.items() if key not in _PARTS}
    kept = dict(bare)
    for name in _PARTS:
        parts = data.get(name)
        if isinstance(parts, list):
            kept[name] = [each for each in parts if _can_be_read({**bare, name: [each]}, state)]
    return kept


def _can_be_read(data: Any, state: Any) -> bool:
    try:
        discord.Guild(data=data, state=state)
    except Exception:  # noqa: BLE001 - whatever is wrong with it
        return False
    return True
