"""A channel as an option of a command, of whatever kind; what suits is asked afterwards.

Discord's menu can leave kinds out, but a command cannot name media channels there: with them left
out nobody could choose one.
https://docs.discord.com/developers/interactions/application-commands#application-command-object-application-command-option-structure
"""

from typing import TYPE_CHECKING, TypeAlias

import discord
from discord import app_commands

from bot.discord.gateway.channels import WatchedChannel
from bot.discord.ui.error_replies import Refused
from bot.discord.ui.responses import Interaction

#: Everything that somebody can have watched.
Watchable: TypeAlias = WatchedChannel | discord.CategoryChannel


class _AnyChannel(app_commands.Transformer):
    @property
    def type(self) -> discord.AppCommandOptionType:
        return discord.AppCommandOptionType.channel

    async def transform(
        self,
        interaction: Interaction,
        value: app_commands.AppCommandChannel | app_commands.AppCommandThread,
        /,
    ) -> Watchable:
        channel = value.resolve()
        if not isinstance(channel, Watchable):
            raise Refused("watching.no_images")
        return channel


if TYPE_CHECKING:
    ChannelOption: TypeAlias = Watchable
else:
    ChannelOption = app_commands.Transform[Watchable, _AnyChannel]
