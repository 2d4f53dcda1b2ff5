"""The kinds of channels in which people post images and the bot replies."""

from typing import TypeAlias

import discord

#: A community is one of these.
PostChannel: TypeAlias = (
    discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.Thread
)
