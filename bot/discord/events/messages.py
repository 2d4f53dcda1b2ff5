"""New messages of watched channels: stored at once, predicted and replied to in their turn."""

import asyncio
import logging
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from enum import Enum, auto
from weakref import WeakValueDictionary

import discord
from discord.ext import commands
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.core import Core
from bot.discord.gateway.channels import family, parent_id
from bot.discord.gateway.error_codes import reaching_discord
from bot.discord.gateway.guild_options import (
    AUTOSTAR,
    BY_SETTING,
    PROXIED,
    PROXIED_AUTHORS,
    downvote_of,
    is_wanted,
    upvote_of,
)
from bot.discord.gateway.post_rules import (
    has_rules,
    is_looked_up,
    is_within_limit,
    needs_roles,
    takes_from,
)
from bot.discord.gateway.thread_rule import community_of_channel, takes
from bot.discord.messages.high_water import HighWater
from bot.discord.messages.incoming import (
    has_nothing_to_see,
    incoming_post,
    of_community,
)
from bot.discord.messages.proxied_author import PLURALKIT, ProxiedAuthors
from bot.discord.messages.reaction_votes import ReactionVotes
from bot.discord.rounds import rounds
from bot.leases import LeaseLost
from bot.people.erasure import drop_files
from bot.people.identity import hash_person
from bot.people.own_posts import empty_of_words
from bot.platform import IncomingPost, PlatformUnavailable
from bot.posts.pipeline import Pipeline
from bot.runtime.one_by_one import one_by_one
from bot.runtime.task_group import TaskGroup
from storage.tables import Community, Post
from storage.types import PlatformName

log = logging.getLogger(__name__)

#: Posts of one channel that are advanced at the same time; the pipeline has a bound for all.
_AT_ONCE_HERE = 4
_WRITE_SECONDS = 2.0
#: Within so many seconds a proxy has taken a message away that it posts anew.
_PROXY_SECONDS = 3.0
#: What is deleted later was not taken away by a proxy.
_PROXIED_WITHIN = timedelta(minutes=1)
#: Messages that were deleted a moment ago and are remembered.
_MOST_GONE = 500
#: A preview is added to a message within moments; what changes later is no new post.
_PREVIEW = timedelta(minutes=10)


class Wanted(Enum):
    """Whether a message is to be stored as a post."""

    NEW = auto()
    KNOWN = auto()
    NOT = auto()


class MessageListener(commands.Cog):
    """Turns messages into posts, and deleted messages into withdrawn posts."""

    def __init__(
        self,
        client: discord.Client,
        core: Core,
        pipeline: Pipeline,
        votes: ReactionVotes,
        high_water: HighWater,
        *,
        message_content: bool,
    ) -> None:
        self._client = client
        self._core = core
        self._pipeline = pipeline
        self._votes = votes
        self._high_water = high_water
        self._message_content = message_content
        self._tasks = TaskGroup()
        self._write_high_water = rounds(
            core, "high water", "Noting how far channels were read", _WRITE_SECONDS,
            high_water.write,
        )  # fmt: skip
        self._proxied_authors = ProxiedAuthors(
            core.settings.discord_pluralkit_url,
            trusted_hosts=core.settings.download_allow_hosts,
        )
        #: Channels that were found to be watched; `accept` notices when one is not any more.
        self._watched: set[int] = set()
        #: Channels where, or in whose threads, a proxy may take a message away to post it anew;
        #: messages that are gone.
        self._proxied: set[int] = set()
        self._gone: deque[int] = deque(maxlen=_MOST_GONE)
        self._at_once_here: WeakValueDictionary[int, asyncio.Semaphore] = WeakValueDictionary()
        # Messages of a channel are stored in their order: the high water covers all before it.
        self._in_order: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    async def cog_load(self) -> None:
        self._write_high_water.start()

    async def cog_unload(self) -> None:
        await self._write_high_water.stop()
        await self._tasks.stop()
        await self._high_water.write()
        await self._proxied_authors.close()

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        """Somebody posted something."""
        if self._incoming(message) is None:
            return
        # Opened before anything is waited for: reactions may be next.
        self._votes.follow(message.id, message.author.id)
        if not self._proxied.isdisjoint(family(message.channel)):
            # What a proxy posts waits, too: otherwise the mark of what was read would pass those
            # that wait, and a process that ends here would never read them again.
            await asyncio.sleep(_PROXY_SECONDS)
        try:
            await self.ingest(message, live=True)
        except Exception:
            # Read again by `Backfill`; until then nothing newer counts as read.
            for each in family(message.channel):
                self._high_water.stall(each)
            log.exception("Message %s could not be stored; tried again.", message.id)

    @commands.Cog.listener()
    async def on_raw_message_edit(self, event: discord.RawMessageUpdateEvent) -> None:
        """A message changed: Discord adds the preview of a link after the message."""
        message = event.message
        if self._has_no_image_left(message):
            await self._withdraw(event.channel_id, [event.message_id])
            return
        if not message.embeds or message.created_at < self._core.clock() - _PREVIEW:
            return
        if self._incoming(message) is not None:
            await self.ingest(message, live=False)

    @commands.Cog.listener()
    async def on_raw_message_delete(self, event: discord.RawMessageDeleteEvent) -> None:
        """A message was deleted."""
        await self._withdraw(event.channel_id, [event.message_id])

    @commands.Cog.listener()
    async def on_raw_bulk_message_delete(self, event: discord.RawBulkMessageDeleteEvent) -> None:
        """Many messages were deleted at once."""
        await self._withdraw(event.channel_id, event.message_ids)

    async def ingest(self, message: discord.Message, *, live: bool) -> None:
        """Take a message up if it is a post of a watched channel; whatever was before is known.

        Args:
            message: may have been stored before.
            live: whether it has just been posted, and nothing between it and the last one missed.
        """
        # Asked for here, where the messages after it do not wait.
        incoming = await self._with_author(message, self._incoming(message))
        if incoming is None:
            return
        post_id = None
        async with self._order(message.channel):
            wanted, community = await self._look_up(message, incoming, live=live)
            if wanted is Wanted.NEW and not await self._is_taken(message, incoming, community):
                wanted = Wanted.NOT
            if wanted is Wanted.NEW:
                if community is not None:
                    incoming = of_community(incoming, community)
                post_id = await self._pipeline.accept(PlatformName.DISCORD, incoming)
                if post_id is None:
                    # Its author opted out, or the channel is watched no longer: look it up again.
                    self._watched.discard(message.channel.id)
            if live and wanted is not Wanted.NOT and message.guild is not None:
                read = int(incoming.community.source_id)
                self._high_water.live(message.guild.shard_id, read, message.id)
        if post_id is None:
            # One that is known already is on its way, or waits for its time.
            if wanted is not Wanted.KNOWN:
                self._votes.unfollow(message.id)
            return
        if community is not None and community.options.get(AUTOSTAR):
            self._tasks.start(self._star(message, community), f"Emoji under post {post_id}")
        self._tasks.start(self._advance(message.channel.id, post_id), f"Post {post_id}")

    @commands.Cog.listener()
    async def on_channel_settings(self, channel_id: int) -> None:
        """Somebody changed the settings of a channel."""
        self._watched.discard(channel_id)
        self._proxied.discard(channel_id)

    async def _with_author(
        self, message: discord.Message, incoming: IncomingPost | None
    ) -> IncomingPost | None:
        """The same with who wrote it, where a proxy posted it anew and that may be asked for."""
        if incoming is None or message.webhook_id is None or message.application_id != PLURALKIT:
            return incoming
        community = await self._core.database.run_read(
            lambda session: community_of_channel(session, message.channel)
        )
        if community is None or not community.watched:
            return incoming
        if not (community.options.get(PROXIED) and community.options.get(PROXIED_AUTHORS)):
            return incoming
        # What is no post here, whoever wrote it, is not told to PluralKit.
        if not takes(community, message.channel, message.id) or not is_wanted(
            incoming.options, community.options
        ):
            return incoming
        return replace(incoming, author=await self._proxied_authors.author_of(message.id))

    async def _is_taken(
        self, message: discord.Message, incoming: IncomingPost, community: Community | None
    ) -> bool:
        """Whether a new message is still there, and its author's images are posts in its channel.

        Raises:
            discord.HTTPException: which roles the author has cannot be known now.
        """
        if message.id in self._gone:
            return False
        if community is None or incoming.author is None or not has_rules(community.options):
            return True
        author_id, roles = int(incoming.author), None
        if needs_roles(community.options):
            roles = await _roles_of(message, author_id)
        return takes_from(
            community.options, user_id=author_id, person=self._person(incoming.author),
            roles=roles, posted_at=message.created_at,
        )  # fmt: skip

    def _person(self, author: str) -> str:
        return hash_person(self._core.people_key, PlatformName.DISCORD, author)

    async def _star(self, message: discord.Message, community: Community) -> None:
        """Add the emoji that people vote with; Discord adds one that is there only once."""
        try:
            with reaching_discord():
                for emoji in (upvote_of(community.options), downvote_of(community.options)):
                    await message.add_reaction(emoji)
        except (discord.HTTPException, PlatformUnavailable) as error:
            log.info("Emoji could not be added under message %s: %s", message.id, error)

    def _has_no_image_left(self, message: discord.Message) -> bool:
        """Whether its author took everything out of a message that could be an image."""
        if not self._message_content or message.edited_at is None:
            return False
        return has_nothing_to_see(message)

    def _incoming(self, message: discord.Message) -> IncomingPost | None:
        return incoming_post(message, fetch_links=self._core.settings.discord_fetch_links)

    def _order(self, channel: object) -> asyncio.Lock:
        # One order for a channel and its threads: how far they were read is one mark.
        return self._in_order.setdefault(family(channel)[-1], asyncio.Lock())

    async def _look_up(
        self, message: discord.Message, incoming: IncomingPost, *, live: bool
    ) -> tuple[Wanted, Community | None]:
        """Whether a message is wanted, and for which community; None: its own channel's."""
        # A thread's community may become another one.
        by_setting = not BY_SETTING.keys().isdisjoint(incoming.options)
        is_its_own = message.channel.id in self._watched and parent_id(message.channel) is None
        if live and is_its_own and not by_setting:
            return Wanted.NEW, None

        def look_up(session: Session) -> tuple[Wanted, Community | None]:
            community = community_of_channel(session, message.channel)
            if community is None or not community.watched:
                return Wanted.NOT, None
            options = community.options
            if options.get(PROXIED):
                self._proxied.add(int(community.source_id))
            if not takes(community, message.channel, message.id) or not is_wanted(
                incoming.options, options
            ):
                return Wanted.NOT, None
            if community.source_id == str(message.channel.id) and not is_looked_up(options):
                self._watched.add(message.channel.id)
            # One that was withdrawn stays so: its image was taken out of it, which is proof.
            query = select(Post.id).filter_by(
                platform=PlatformName.DISCORD, source_id=str(message.id)
            )
            if session.scalar(query) is not None:
                return Wanted.KNOWN, community
            if incoming.author is not None:
                person = self._person(incoming.author)
                if not is_within_limit(session, community, person, message.created_at):
                    return Wanted.NOT, None
            return Wanted.NEW, community

        return await self._core.database.run_read(look_up)

    async def _advance(self, channel_id: int, post_id: int) -> None:
        here = self._at_once_here.setdefault(channel_id, asyncio.Semaphore(_AT_ONCE_HERE))
        with self._pipeline.reserve(post_id):
            async with here:
                await self._advance_one(post_id)

    async def _advance_one(self, post_id: int) -> None:
        try:
            await self._pipeline.advance(post_id)
        except LeaseLost as error:
            log.info("Post %s is left to another process: %s.", post_id, error)
        except Exception as error:
            log.exception("Post %s could not be advanced; it is tried again later.", post_id)
            await self._pipeline.retry_after_fault(post_id, error)

    async def _withdraw(self, channel_id: int, message_ids: Iterable[int]) -> None:
        message_ids = [*message_ids]
        ids = [str(each) for each in message_ids]
        self._gone.extend(message_ids)
        for each in message_ids:
            self._votes.unfollow(each)
        # A post that is being stored just now is found when that is done.
        channel = self._client.get_channel(channel_id) or discord.Object(channel_id)
        async with self._order(channel), self._core.database.read() as session:
            query = select(Post.id).where(
                Post.platform == PlatformName.DISCORD, Post.source_id.in_(ids)
            )
            posts = (await session.scalars(query)).all()
        await one_by_one(posts, self._pipeline.withdraw, "a post to withdraw")
        is_proxied = not self._proxied.isdisjoint(family(channel))
        if is_proxied and self._age(message_ids[-1]) < _PROXIED_WITHIN:
            await self._clear(posts)

    def _age(self, message_id: int) -> timedelta:
        return self._core.clock() - discord.utils.snowflake_time(message_id)

    async def _clear(self, post_ids: Sequence[int]) -> None:
        """Leave nothing of what a proxy has taken away: no author, no title, no picture."""
        database = self._core.database
        for post_id in post_ids:
            async with database.write() as session:
                dropped = await empty_of_words(session, post_id, self._core.clock())
                (await session.get_one(Post, post_id)).author_id = None
            await drop_files(self._core.images, dropped)


async def _roles_of(message: discord.Message, author_id: int) -> list[int]:
    """Ids of the roles of a message's author; none where they left the server.

    Args:
        author_id: who wrote it, which a proxy that posts it anew does not say.

    Raises:
        discord.HTTPException: they cannot be known now.
    """
    author: object = message.author
    is_known = isinstance(author, discord.Member) and author.id == author_id
    if not is_known and message.guild is not None:
        # What is read from the history does not say.
        try:
            author = await message.guild.fetch_member(author_id)
        except discord.NotFound:
            return []
    return [each.id for each in getattr(author, "roles", ())]
