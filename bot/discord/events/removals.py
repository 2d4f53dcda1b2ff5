"""Channels that were deleted, and servers that the bot was removed from: they are watched no more.

Whoever invites the bot again says again, with `/watch`, where it may speak.
"""

import logging
from collections.abc import Sequence

import discord
from discord.ext import commands
from sqlalchemy import select
from sqlalchemy.orm import contains_eager

from bot.communities import unwatch_community
from bot.core import Core
from bot.discord.commands.guild_scope import communities_of
from bot.discord.gateway.error_codes import AWAY, UNKNOWN_CHANNEL
from bot.discord.gateway.guild_options import GUILD, place_of
from bot.posts.pipeline import Pipeline
from bot.runtime.one_by_one import one_by_one
from storage.tables import Community, Post
from storage.types import UNLABELLED, PlatformName

log = logging.getLogger(__name__)


class RemovalListener(commands.Cog):
    """Ends watching where there is nothing left to watch."""

    def __init__(self, client: commands.AutoShardedBot, core: Core, pipeline: Pipeline) -> None:
        self._client = client
        self._core = core
        self._pipeline = pipeline

    @commands.Cog.listener()
    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        """A channel was deleted, and with it its threads."""
        for each in (channel, *getattr(channel, "threads", ())):
            await self._end(channel.guild, each.id)

    @commands.Cog.listener()
    async def on_raw_thread_delete(self, event: discord.RawThreadDeleteEvent) -> None:
        """A thread was deleted, and all that was posted in it."""
        guild = self._client.get_guild(event.guild_id)
        await self._end(guild, event.thread_id)
        # What was only hidden from the bot may be back in time.
        if guild is not None and await self._is_deleted(guild, event.thread_id):
            posts = await self._waiting_in(event.parent_id, event.thread_id)
            await one_by_one(posts, self._pipeline.withdraw, "a post of a deleted thread")

    @commands.Cog.listener()
    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """The bot was removed from a server. A server with an outage is not removed."""
        async with self._core.database.read() as session:
            communities = await communities_of(session, guild.id)
        for each in communities:
            await self._unwatch(each.source_id, "belongs to a server that the bot is not in")

    @commands.Cog.listener()
    async def on_shard_ready(self, shard_id: int) -> None:
        """All servers of a shard are known: what is missing was removed while nobody listened."""
        for each in await self._watched():
            guild_id = int(each.options[GUILD])
            if (guild_id >> 22) % (self._client.shard_count or 1) != shard_id:
                continue
            guild = self._client.get_guild(guild_id)
            if guild is None:
                await self._unwatch(each.source_id, "belongs to a server that the bot is not in")
            elif not guild.unavailable and await self._is_deleted(guild, int(each.source_id)):
                await self._end(guild, int(each.source_id))

    async def _end(self, guild: discord.Guild | None, channel_id: int) -> None:
        """Watch a channel that was deleted no more, and withdraw what waits for its score there.

        Only a channel that Discord says is not there is proof: one that is hidden may come back.
        """
        await self._unwatch(str(channel_id), "was deleted")
        if guild is None or not await self._is_deleted(guild, channel_id):
            return
        async with self._core.database.read() as session:
            found = await session.scalars(
                select(Post.id)
                .join(Post.community)
                .where(
                    Community.platform == PlatformName.DISCORD,
                    Community.source_id == str(channel_id),
                    Post.state.in_(UNLABELLED),
                )
                .order_by(Post.id)
            )
            posts = found.all()
        await one_by_one(posts, self._pipeline.withdraw, "a post of a deleted channel")

    async def _watched(self) -> Sequence[Community]:
        async with self._core.database.read() as session:
            found = await session.scalars(
                select(Community).filter_by(platform=PlatformName.DISCORD, watched=True)
            )
            return [each for each in found if each.options.get(GUILD)]

    async def _waiting_in(self, parent_id: int, thread_id: int) -> Sequence[int]:
        """Posts of a thread that have no label yet."""
        ids = [str(parent_id), str(thread_id)]
        async with self._core.database.read() as session:
            found = await session.scalars(
                select(Post)
                .join(Post.community)
                .options(contains_eager(Post.community))
                .where(
                    Community.platform == PlatformName.DISCORD,
                    Community.source_id.in_(ids),
                    Post.state.in_(UNLABELLED),
                )
                .order_by(Post.id)
            )
            return [each.id for each in found if place_of(each) == str(thread_id)]

    async def _is_deleted(self, guild: discord.Guild, channel_id: int) -> bool:
        if guild.get_channel_or_thread(channel_id) is not None:
            return False
        try:
            # A thread that is archived is not among those that a server tells of.
            await self._client.fetch_channel(channel_id)
        except discord.NotFound as error:
            return error.code == UNKNOWN_CHANNEL
        except (discord.HTTPException, discord.InvalidData, *AWAY) as error:
            log.info("Whether channel %s still exists is not known (%s).", channel_id, error)
        return False

    async def _unwatch(self, source_id: str, why: str) -> None:
        if await unwatch_community(self._core.database, PlatformName.DISCORD, source_id):
            log.info("Channel %s %s and is not watched any more.", source_id, why)
