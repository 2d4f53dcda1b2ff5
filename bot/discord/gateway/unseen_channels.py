"""Channels that the bot cannot see.

Discord sends them over the gateway with a flag, without a name and without their rules: taken as
they come, everybody could see them, the bot too. Who they are closed to is put back as far as it is
known, so that permissions say no.
https://docs.discord.com/developers/resources/channel#obfuscated-channels
"""

from collections.abc import Callable, MutableMapping
from typing import Any, TypeAlias

import discord

from bot.discord.gateway.event_guard import Parser

#: Marks a channel whose name and rules are kept back.
_OBFUSCATED = 1 << 17
_NO_NAME = "___hidden___"
_VIEW = str(discord.Permissions(view_channel=True).value)
_ROLE, _MEMBER = 0, 1

_Payload: TypeAlias = MutableMapping[str, Any]


def close_unseen_channels(
    parsers: MutableMapping[str, Parser], own_id: Callable[[], int | None]
) -> None:
    """Have channels that the bot cannot see be read as closed to it.

    Args:
        parsers: by the names of events; changed in place.
        own_id: the id of the bot's account, once it is known.
    """

    def channel(data: _Payload) -> None:
        _close(data, data.get("guild_id"), own_id())

    def guild(data: _Payload) -> None:
        for each in data.get("channels") or ():
            _close(each, data.get("id"), own_id())

    for name, change in (
        ("CHANNEL_CREATE", channel),
        ("CHANNEL_UPDATE", channel),
        ("GUILD_CREATE", guild),
    ):
        parsers[name] = _after(change, parsers[name])


def _after(change: Callable[[_Payload], None], parser: Parser) -> Parser:
    def parse(data: Any) -> None:
        change(data)
        parser(data)

    return parse


def _close(channel: object, guild_id: object, own_id: int | None) -> None:
    flags = channel.get("flags") if isinstance(channel, dict) else None
    # What is odd is for those who read it.
    if not isinstance(channel, dict) or not isinstance(flags, int) or not flags & _OBFUSCATED:
        return
    channel.setdefault("name", _NO_NAME)
    closed_to = [(guild_id, _ROLE), (own_id, _MEMBER)]
    channel["permission_overwrites"] = [
        {"id": str(target), "type": kind, "allow": "0", "deny": _VIEW}
        for target, kind in closed_to
        if target is not None
    ]
