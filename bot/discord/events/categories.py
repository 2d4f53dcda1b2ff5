"""New channels of a watched category, and channels that are moved into one: watched with it."""

import logging

import discord
from discord.ext import commands

from bot.communities import unwatch_group, watched_groups
from bot.core import Core
from bot.discord.gateway.channels import WatchedChannel
from bot.discord.watch_channel import channels_of, follow_channel
from bot.runtime.one_by_one import one_by_one
from storage.types import PlatformName

log = logging.getLogger(__name__)


class CategoryListener(commands.Cog):
    """Watches what comes into a watched category."""

    def __init__(self, client: commands.AutoShardedBot, core: Core) -> None:
        self._client = client
        self._core = core

    @commands.Cog.listener()
    async def on_guild_channel_create(self, channel: discord.abc.GuildChannel) -> None:
        """A channel was made."""
        await self._follow(channel)

    @commands.Cog.listener()
    async def on_guild_channel_update(
        self, before: discord.abc.GuildChannel, after: discord.abc.GuildChannel
    ) -> None:
        """A channel was changed: it may have been moved."""
        if before.category_id != after.category_id:
            await self._follow(after)

    @commands.Cog.listener()
    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        """A channel was deleted; if it was a category, there is nothing to follow any more."""
        if isinstance(channel, discord.CategoryChannel):
            await unwatch_group(self._core.database, PlatformName.DISCORD, str(channel.id))

    @commands.Cog.listener()
    async def on_shard_ready(self, shard_id: int) -> None:
        """A shard's servers are known: channels may have been made while nobody listened."""
        async with self._core.database.read() as session:
            groups = await watched_groups(session, PlatformName.DISCORD)
        for category_id, since in groups.items():
            category = self._client.get_channel(int(category_id))
            if not isinstance(category, discord.CategoryChannel):
                continue
            if category.guild.shard_id != shard_id:
                continue
            # Older ones were left out when it began: whoever asked for it could not see them.
            channels = channels_of(category)
            new = [each for each in channels if discord.utils.snowflake_time(each.id) > since]
            await one_by_one(new, self._follow, "a channel of a watched category")

    async def _follow(self, channel: discord.abc.GuildChannel | WatchedChannel) -> None:
        if not isinstance(channel, WatchedChannel) or isinstance(channel, discord.Thread):
            return
        if await follow_channel(self._core, channel, channel.category_id):
            log.info("Channel %s is watched with its category.", channel.id)
