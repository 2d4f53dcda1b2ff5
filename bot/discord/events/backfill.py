"""What was posted while nobody listened: read from the channels' history after every connection."""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable
from datetime import timedelta
from typing import Any

import discord
from discord.ext import commands
from sqlalchemy import select

from bot.core import Core
from bot.discord.events.messages import MessageListener
from bot.discord.gateway.channels import PostChannel, WatchedChannel, family
from bot.discord.gateway.error_codes import AWAY
from bot.discord.gateway.history import readable_history, threads_since
from bot.discord.gateway.permissions import missing_permissions
from bot.discord.gateway.thread_rule import ThreadRule, thread_rule
from bot.discord.messages.high_water import HighWater
from bot.discord.messages.reaction_votes import ReactionVotes
from bot.discord.rounds import rounds
from bot.discord.ui.admin_messages import warn_of_permissions
from bot.leases import LeaseLost
from bot.runtime.task_group import TaskGroup
from storage.engine.faults import DATABASE_ERRORS
from storage.tables import Community
from storage.types import PlatformName, ReplyMode

log = logging.getLogger(__name__)

#: Channels that are read at the same time.
_AT_ONCE = 4
_RETRY_SECONDS = 30.0


class Backfill(commands.Cog):
    """Reads watched channels from their high water on.

    After a session that could not be resumed Discord does not tell what happened meanwhile.
    """

    def __init__(
        self,
        client: commands.AutoShardedBot,
        core: Core,
        messages: MessageListener,
        votes: ReactionVotes,
        high_water: HighWater,
    ) -> None:
        self._client = client
        self._core = core
        self._messages = messages
        self._votes = votes
        self._high_water = high_water
        self._tasks = TaskGroup()
        self._rounds = rounds(
            core, "channels to read", "Reading channels again", _RETRY_SECONDS, self.read_stalled
        )
        self._shards: dict[int, asyncio.Task[Any]] = {}
        self._at_once = asyncio.Semaphore(_AT_ONCE)
        self._max_age = timedelta(hours=core.settings.discord_catch_up_hours)

    async def cog_load(self) -> None:
        self._rounds.start()

    async def cog_unload(self) -> None:
        await self._rounds.stop()
        await self._tasks.stop()

    @commands.Cog.listener()
    async def on_shard_connect(self, shard_id: int) -> None:
        """A new session has begun; Discord does not send what happened before it."""
        self._high_water.hold(shard_id)
        self._votes.unfollow_all()
        # What reads on from the session before may be done with channels that missed more since:
        # only the new one may say that the shard has caught up.
        earlier = self._shards.pop(shard_id, None)
        if earlier is not None:
            earlier.cancel()

    @commands.Cog.listener()
    async def on_shard_ready(self, shard_id: int) -> None:
        """The shard's servers are known: read what was missed."""
        self._shards[shard_id] = self._tasks.start(
            self._catch_up_shard(shard_id), f"Catching up on shard {shard_id}"
        )

    @commands.Cog.listener()
    async def on_guild_available(self, guild: discord.Guild) -> None:
        """A server is back after an outage of its own."""
        shard_id = guild.shard_id
        if self._high_water.is_behind(shard_id) and shard_id not in self._shards:
            # It belongs to a shard that is about to be read as a whole. Once that has begun, a
            # server that comes late is none of those that are read.
            return
        ids = _channels([guild])
        for channel_id in ids:
            self._high_water.stall(channel_id)
        self._tasks.start(self._catch_up(ids), f"Catching up on server {guild.id}")

    @commands.Cog.listener()
    async def on_skipped_event(self, event: str, data: Any) -> None:
        """An event could not be read: if it was a message, the channel's history may tell."""
        here = data.get("channel_id") if isinstance(data, dict) else None
        if event == "MESSAGE_CREATE" and isinstance(here, str) and here.isdecimal():
            channel = self._client.get_channel(int(here))
            for each in family(channel):
                self._high_water.stall(each)

    @commands.Cog.listener()
    async def on_guild_channel_update(
        self, before: discord.abc.GuildChannel, after: discord.abc.GuildChannel
    ) -> None:
        """A channel may have gone out of sight, or be back: then what was missed is read."""
        if missing_permissions(before, ReplyMode.SILENT) == missing_permissions(
            after, ReplyMode.SILENT
        ):
            return
        ids = {after.id, *(each.id for each in getattr(after, "threads", ()))}
        for channel_id in ids:
            self._high_water.stall(channel_id)
        self._tasks.start(self._catch_up(ids), f"Catching up on channel {after.id}")

    async def _catch_up_shard(self, shard_id: int) -> None:
        while True:
            guilds = [guild for guild in self._client.guilds if guild.shard_id == shard_id]
            try:
                await self._catch_up(_channels(guilds))
            except Exception:
                log.exception("Shard %s could not catch up; tried again.", shard_id)
                await asyncio.sleep(_RETRY_SECONDS)
            else:
                self._high_water.release(shard_id)
                return

    async def read_stalled(self) -> None:
        """Read the channels of which something was missed."""
        if self._client.is_ready() and self._high_water.stalled:
            await self._catch_up(self._high_water.stalled)

    async def _catch_up(self, channel_ids: Collection[int]) -> None:
        async with self._core.database.read() as session:
            watched = await session.scalars(
                select(Community).filter_by(platform=PlatformName.DISCORD, watched=True)
            )
            communities = [each for each in watched if int(each.source_id) in channel_ids]
        for channel_id in set(channel_ids) - {int(each.source_id) for each in communities}:
            # Nobody watches it: there is nothing to be read.
            self._high_water.mend(channel_id)
        await asyncio.gather(*(self._read(each) for each in communities))

    async def _read(self, community: Community) -> None:
        channel_id = int(community.source_id)
        channel = self._client.get_channel(channel_id)
        if not self._client.intents.message_content or not isinstance(channel, WatchedChannel):
            # Without the intent there is nothing to be seen; without the channel, nowhere to look.
            return
        missing = missing_permissions(channel, ReplyMode.SILENT)
        if missing:
            self._high_water.stall(channel_id)
            await warn_of_permissions(
                self._core.database,
                community,
                channel.guild,
                missing,
                key="notice.unreadable",
                now=self._core.clock(),
            )
            return
        async with self._at_once:
            try:
                await self._read_history(community, channel)
            except (*AWAY, LeaseLost) as error:
                log.info("Channel %s cannot be read now (%s).", channel_id, error)
                self._high_water.stall(channel_id)
            except Exception:
                log.exception("Channel %s could not be read; tried again.", channel_id)
                self._high_water.stall(channel_id)
            else:
                self._high_water.mend(channel_id)

    async def _read_history(self, community: Community, channel: WatchedChannel) -> None:
        # A post whose votes are in already has nothing to be predicted.
        age = min(self._max_age, timedelta(seconds=community.horizon_seconds))
        oldest = discord.utils.time_snowflake(self._core.clock() - age)
        after = max(oldest, int(community.high_water or 0))
        newest = after
        # Threads first: the mark is one for all, and goes on with the channel's own messages.
        if thread_rule(community.options) is not ThreadRule.NONE:
            async for thread in threads_since(channel, after, now=self._core.clock()):
                newest = max(newest, await self._read_messages(thread, after))
        if isinstance(channel, discord.ForumChannel):
            self._high_water.read(channel.id, newest)
            return
        await self._read_messages(channel, after, mark=self._high_water.read)

    async def _read_messages(
        self,
        channel: PostChannel,
        after: int,
        mark: Callable[[int, int], None] = lambda channel_id, message_id: None,
    ) -> int:
        """Read what was posted in a channel after a message; return the id of the newest."""
        newest = after
        async for message in readable_history(self._client, channel, after):
            try:
                await self._messages.ingest(message, live=False)
            except (*DATABASE_ERRORS, LeaseLost):
                # Nothing can be stored now, or not by us; this message is the first one of the
                # next try.
                raise
            except Exception:
                log.exception("Message %s cannot be a post and is skipped.", message.id)
            newest = max(newest, message.id)
            mark(channel.id, message.id)
        return newest


def _channels(guilds: Iterable[discord.Guild]) -> set[int]:
    return {each.id for guild in guilds for each in (*guild.channels, *guild.threads)}
