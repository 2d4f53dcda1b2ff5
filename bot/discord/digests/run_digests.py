"""Sends the digests that are due, each once."""

import asyncio
import io
import logging
from collections.abc import Sequence

import discord
from discord.ext import commands
from sqlalchemy import select

from bot.core import Core
from bot.discord.digests.picture import LONGEST, small_picture
from bot.discord.digests.render import PICTURE, Told, digest_embed, footer
from bot.discord.gateway.answers import judging_answers
from bot.discord.gateway.channels import PostChannel
from bot.discord.gateway.guild_options import PLACE
from bot.discord.gateway.server_places import Places, places_of_servers
from bot.discord.gateway.told_channel import is_there, sent_before
from bot.discord.rounds import rounds
from bot.discord.texts.lookup import Texts
from bot.discord.texts.reasons import refusal_reason, stored_reason
from bot.discord.ui.member_names import MemberNames
from bot.discord.ui.told_place import CannotBeTold, tell_side_by_side, told_place
from bot.league.digest import DigestPost, read_digest
from bot.league.digest_times import (
    STALE,
    claim_digest,
    due_digests,
    end_digest,
    leave_out,
    note_sent,
    put_off,
    span_of,
)
from bot.platform import PlatformUnavailable, RequestFailed, RequestRefused
from models.decoding import ImageRefused
from storage.tables import Digest
from storage.types import PlatformName

log = logging.getLogger(__name__)

#: How often digests are looked for, seconds.
_LOOK_SECONDS = 20.0
#: Digests that are looked at in one round.
_BATCH = 500
#: Fewer posts that ended are a quiet time: nothing is told.
_LEAST_POSTS = 3
#: Tries of what may be a fault of ours.
_MOST_TRIES = 4


class Digests(commands.Cog):
    """Tells servers what happened there, at their time."""

    def __init__(self, client: commands.AutoShardedBot, core: Core, names: MemberNames) -> None:
        self._client = client
        self._core = core
        self._names = names
        self._rounds = rounds(core, "digests", "Sending digests", _LOOK_SECONDS, self.send_due)

    async def cog_load(self) -> None:
        self._rounds.start()

    async def cog_unload(self) -> None:
        await self._rounds.stop()

    @commands.Cog.listener()
    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """The bot was removed from a server: nobody there is told anything any more."""
        await end_digest(self._core.database, PlatformName.DISCORD, str(guild.id))

    @commands.Cog.listener()
    async def on_shard_ready(self, shard_id: int) -> None:
        """All servers of a shard are known: from what is missing the bot was removed meanwhile."""
        async with self._core.database.read() as session:
            servers = await session.scalars(
                select(Digest.server).filter_by(platform=PlatformName.DISCORD)
            )
            ids = sorted(int(each) for each in servers)
        for guild_id in ids:
            here = (guild_id >> 22) % (self._client.shard_count or 1) == shard_id
            if here and self._client.get_guild(guild_id) is None:
                await end_digest(self._core.database, PlatformName.DISCORD, str(guild_id))

    async def send_due(self) -> int:
        """Send what is due on servers of this process; return how many were sent."""
        if not self._client.is_ready():
            return 0
        async with self._core.database.read() as session:
            due = await due_digests(
                session, PlatformName.DISCORD, self._core.clock(), without=(), limit=_BATCH
            )
            # Another process serves the others, or their turn comes when they are back.
            due = [each for each in due if self._serves(each)]
            places = await places_of_servers(session) if due else {}
        return await tell_side_by_side(due, lambda each: self._send_safely(each, places))

    def _serves(self, digest: Digest) -> bool:
        guild = self._client.get_guild(int(digest.server))
        return guild is not None and not guild.unavailable

    async def _send_safely(self, digest: Digest, places: Places) -> bool:
        guild = self._client.get_guild(int(digest.server))
        if guild is None or guild.unavailable:
            # Another process serves it, or its turn comes when it is back.
            return False
        database, now = self._core.database, self._core.clock
        try:
            if now() > digest.due_at + STALE:
                await leave_out(database, digest, now(), stored_reason("reason.too_late"))
                return False
            with judging_answers():
                return await self._send(guild, digest, places)
        except PlatformUnavailable as error:
            log.info("The digest of server %s is sent later (%s).", digest.server, error)
            await put_off(database, digest, now())
        except RequestRefused as error:
            log.warning("The digest of server %s cannot be sent: %s", digest.server, error)
            await leave_out(database, digest, now(), refusal_reason(error))
        except Exception as error:
            # One odd server stops no other.
            log.exception("The digest of server %s failed.", digest.server)
            if isinstance(error, RequestFailed) and digest.tries + 1 >= _MOST_TRIES:
                await leave_out(database, digest, now(), refusal_reason(error))
            else:
                await put_off(database, digest, now())
        return False

    async def _send(self, guild: discord.Guild, digest: Digest, places: Places) -> bool:
        database, clock = self._core.database, self._core.clock
        texts = Texts(guild.preferred_locale)
        here = places.get(digest.server, ())
        try:
            channel, shown = await told_place(
                self._core, guild, int(digest.channel), here, what="digest"
            )
        except CannotBeTold as why:
            await leave_out(database, digest, clock(), why.reason)
            return False
        begin, end = span_of(digest)
        figures = await database.run_read(lambda session: read_digest(session, shown, begin, end))
        if figures.labels < _LEAST_POSTS:
            await leave_out(database, digest, clock(), None)
            return False
        claimed, begun = await claim_digest(database, digest, clock())
        if not claimed:
            return False
        if begun is not None:
            mark = footer(texts, begin, end, digest.time_zone)
            earlier = await sent_before(
                self._client, channel, begun, lambda embed: embed.footer.text == mark
            )
            if earlier is not None:
                await note_sent(database, digest, str(earlier.id), clock())
                return False
        asked: dict[str, bool] = {}
        top = await self._still_there(figures.top, asked)
        told = Told(
            figures,
            top,
            await self._still_there(figures.surprising, asked),
            await self._picture(top, channel),
        )
        embed = digest_embed(
            texts,
            told,
            self._names,
            weekly=digest.weekday is not None,
            begin=begin,
            end=end,
            time_zone=digest.time_zone,
        )
        files = []
        if told.picture is not None:
            files = [discord.File(io.BytesIO(told.picture), filename=PICTURE)]
        sent = await channel.send(
            embed=embed,
            files=files,
            nonce=f"d{digest.id}-{int(digest.due_at.timestamp())}",
            allowed_mentions=discord.AllowedMentions.none(),
        )
        await note_sent(database, digest, str(sent.id), clock())
        return True

    async def _still_there(
        self, posts: Sequence[DigestPost], asked: dict[str, bool]
    ) -> DigestPost | None:
        """The first post that was not deleted since its score was read.

        Args:
            asked: whether messages are there that were asked for before; added to.
        """
        for post in posts:
            if post.source_id not in asked:
                place = int(str(post.options.get(PLACE) or post.community_source_id))
                asked[post.source_id] = await is_there(self._client, place, int(post.source_id))
            if asked[post.source_id]:
                return post
        return None

    async def _picture(self, post: DigestPost | None, channel: PostChannel) -> bytes | None:
        if post is None or post.sha256 is None or post.spoiler:
            return None
        if not channel.permissions_for(channel.guild.me).attach_files:
            return None
        images = self._core.images
        try:
            data = await images.on_thread(images.get, post.sha256)
            # Twice as many are decoded as are asked for.
            pixels = await self._core.serving.pixels(data, size=LONGEST // 2)
        except (OSError, ImageRefused) as error:
            log.info("The picture of a digest cannot be shown: %s", error)
            return None
        return await asyncio.to_thread(small_picture, pixels)
