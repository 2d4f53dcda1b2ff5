"""Discord as a platform: replies are sent and scores are read over one connection."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime

import discord
from sqlalchemy import select

from bot.core import Core
from bot.discord.connection import Connection
from bot.discord.gateway.answers import judging_answers
from bot.discord.gateway.guild_options import ANNOUNCEMENTS
from bot.discord.messages.reply_data import load_stored_post
from bot.discord.ui.admin_messages import tell_admins
from bot.platform import PostRef, Reading
from bot.posts.pipeline import Pipeline
from bot.serving.forecast import Card, Ending
from storage.tables import Community, Post
from storage.types import PlatformName


class DiscordPlatform:
    """Communities that are Discord channels."""

    name = PlatformName.DISCORD

    def __init__(self, core: Core, pipeline: Pipeline) -> None:
        self._core = core
        self._connection = Connection(core, pipeline)

    async def start(self) -> None:
        """Connect, and stay connected; returns when Discord has listed its servers.

        Where Discord cannot be reached just now, it is tried again in the background.

        Where another process on this database serves it, this one waits until that one ends.

        Raises:
            PlatformRefused: the token is wrong, or an intent is not granted.
        """
        await self._connection.open()

    @property
    def on_duty(self) -> bool:
        """Whether Discord is this process's: of several on one database, one looks after it."""
        return self._connection.on_duty

    def guarding(self) -> AbstractContextManager[None]:
        """A block in which nothing is written once Discord is another process's."""
        return self._connection.guarding()

    async def stop(self) -> None:
        """Disconnect."""
        await self._connection.close()

    def credentials(self) -> str | None:
        """The token as it is set now; None: there is none, or it cannot be read."""
        return self._connection.token()

    async def reply(self, post: PostRef, card: Card, *, sent_before: bool) -> str:
        """Reply to the message with the prediction, or react to it where that is all there may be.

        Raises:
            PlatformUnavailable: try again later.
            ReplyDeclined: the bot may not; a notice tells the admins once what it lacks.
            PostGone: the message was deleted.
        """
        sender = self._connection.session().sender
        with judging_answers():
            return await sender.send(post.post_id, card, post.mode, sent_before=sent_before)

    async def find_reply(self, post: PostRef) -> str | None:
        """Our reply to a message, if there is one.

        Raises:
            PlatformUnavailable: try again later.
            RequestRefused: the channel is gone.
        """
        sender = self._connection.session().sender
        with judging_answers():
            return await sender.find(await self._load(post))

    async def withdraw(self, post: PostRef, reply_id: str | None) -> None:
        """Delete the reply.

        Raises:
            PlatformUnavailable: try again later.
        """
        sender = self._connection.session().sender
        with judging_answers():
            await sender.delete(await self._load(post), reply_id)

    async def settle(self, post: PostRef, reply_id: str, outcome: Ending) -> None:
        """Change the reply into the outcome.

        Raises:
            PlatformUnavailable: try again later.
        """
        editor = self._connection.session().editor
        with judging_answers():
            await editor.settle(await self._load(post), reply_id, outcome)

    async def _load(self, post: PostRef) -> Post:
        async with self._core.database.read() as session:
            return await session.run_sync(load_stored_post, post.post_id)

    async def read_scores(self, posts: Sequence[PostRef]) -> Mapping[int, Reading]:
        """Scores from the votes that were followed, and from one fetch at the horizon.

        Raises:
            PlatformUnavailable: try again later.
        """
        return await self._connection.session().scores.read(posts)

    async def close_guessing(self) -> int:
        """Close guessing where votes give posts away, and show in replies that it has closed.

        Happens by itself every few seconds. Returns how many replies were changed.

        Raises:
            PlatformUnavailable: try again later.
        """
        session = self._connection.session()
        await session.reactions.close_guessing()
        return await session.closed_replies.close_due()

    async def announce(
        self, text: str, community_source_id: str | None, *, told_since: datetime | None
    ) -> None:
        """Tell the admins of a channel's server, or of every server with a watched channel.

        Raises:
            PlatformUnavailable: try again later.
        """
        client = self._connection.session().client
        query = select(Community).filter_by(platform=PlatformName.DISCORD)
        if community_source_id is None:
            query = query.filter_by(watched=True)
        else:
            query = query.filter_by(source_id=community_source_id)
        async with self._core.database.read() as session:
            communities = (await session.scalars(query.order_by(Community.id))).all()
        guilds: dict[int, tuple[discord.Guild, object]] = {}
        for community in communities:
            channel = client.get_channel(int(community.source_id))
            guild = getattr(channel, "guild", None)
            if isinstance(guild, discord.Guild):
                # Of several channels the first that has a wish of its own decides.
                wish = community.options.get(ANNOUNCEMENTS)
                if guild.id not in guilds or guilds[guild.id][1] is None:
                    guilds[guild.id] = (guild, wish)
        if community_source_id is not None:
            # Discord shows a mention as a name only to those who can see the channel.
            for community in communities:
                text = text.replace(community.name, f"<#{community.source_id}>")
        for guild, wish in guilds.values():
            await tell_admins(client, guild, wish, text, told_since=told_since)
