"""Sending replies and deleting them: never twice, and never where the bot may not."""

import asyncio
import logging
from weakref import WeakValueDictionary

import discord

from bot.core import Core
from bot.discord.gateway.answers import Verdict, judge
from bot.discord.gateway.channels import PostChannel
from bot.discord.gateway.error_codes import (
    INVALID_FORM,
    MISSING_ACCESS,
    UNKNOWN_CHANNEL,
    UNKNOWN_MESSAGE,
    reaching_discord,
)
from bot.discord.gateway.permissions import missing_permissions
from bot.discord.messages.current_reply import current_reply
from bot.discord.messages.find_reply import REACTION, find_own_reply, own_id, require_channel
from bot.discord.messages.reply_data import read_reply_data
from bot.discord.texts.lookup import Texts
from bot.discord.ui.admin_messages import warn_of_permissions
from bot.platform import PlatformUnavailable, PostGone, ReplyDeclined, RequestRefused
from bot.serving.forecast import Card
from storage.engine.shared_read import SharedRead
from storage.tables import Post
from storage.types import ReplyMode

log = logging.getLogger(__name__)

#: What the bot reacts with where it may only react.
CRYSTAL_BALL = "🔮"

#: What Discord says of a reply to a message that is not there, as discord.py puts it.
_NO_ORIGINAL = "In message_reference: Unknown message"

_OUT_OF_SIGHT = "the bot cannot see the channel"


class ReplySender:
    """Sends and deletes replies, on one connection."""

    def __init__(self, client: discord.Client, core: Core) -> None:
        self._client = client
        self._core = core
        self._data = SharedRead(core.database, read_reply_data)
        # One by one in a channel: beside each other, discord.py counts those that are under way
        # against the limit twice, and waits for its end where there is room.
        self._sending: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    async def send(self, post_id: int, card: Card, mode: ReplyMode, *, sent_before: bool) -> str:
        """Reply to a post and return the reply's id.

        Args:
            sent_before: a reply may have been sent already, and its id not noted.

        Raises:
            PlatformUnavailable: try again later; the channel may be out of sight for a while.
            ReplyDeclined: the bot may not reply.
            RequestRefused: the channel is gone.
            PostGone: the post was deleted.
        """
        data = await self._data.ask(post_id)
        if data is None:
            raise PostGone("The post is not stored any more.")
        post = data.post
        channel = await require_channel(self._client, post)
        await self._check_permissions(post, channel, mode)
        original = channel.get_partial_message(int(post.source_id))
        try:
            with reaching_discord():
                if mode is ReplyMode.REACT:
                    await original.add_reaction(CRYSTAL_BALL)
                    return REACTION
                if sent_before:
                    earlier = await find_own_reply(self._client, channel, post)
                    if earlier is not None:
                        return str(earlier.id)
                texts = Texts(channel.guild.preferred_locale)
                message = await current_reply(self._core, data, card, texts)
                async with self._sending.setdefault(channel.id, asyncio.Lock()):
                    sent = await original.reply(
                        embed=message.embed, view=message.view, nonce=nonce_of(post.source_id)
                    )
        except discord.Forbidden as error:
            if error.code == MISSING_ACCESS:
                raise PlatformUnavailable(_OUT_OF_SIGHT) from error
            if judge(error.status, error.code) is Verdict.LATER:
                # Where a right is missing for longer, the next try says which.
                raise
            raise ReplyDeclined(f"Discord does not let me reply there: {error.text}.") from error
        except discord.HTTPException as error:
            if _original_is_gone(error):
                raise PostGone("The message was deleted.") from error
            raise
        return str(sent.id)

    async def find(self, post: Post) -> str | None:
        """The id of our reply to a post, if there is one; of a reaction it is not known.

        Raises:
            PlatformUnavailable: try again later.
            RequestRefused: the channel is gone.
        """
        channel = await require_channel(self._client, post)
        with reaching_discord():
            earlier = await find_own_reply(self._client, channel, post)
        return None if earlier is None else str(earlier.id)

    async def delete(self, post: Post, reply_id: str | None) -> None:
        """Delete the reply to a post; no harm where there is none any more.

        Args:
            reply_id: None where a reply may have been sent, and its id not noted.

        Raises:
            PlatformUnavailable: try again later.
        """
        try:
            channel = await require_channel(self._client, post)
        except RequestRefused as error:
            log.info("The reply to post %s is gone with its channel: %s", post.id, error)
            return
        try:
            with reaching_discord():
                if reply_id == REACTION:
                    original = channel.get_partial_message(int(post.source_id))
                    bot = discord.Object(own_id(self._client))
                    await original.remove_reaction(CRYSTAL_BALL, bot)
                    return
                if reply_id is None:
                    earlier = await find_own_reply(self._client, channel, post)
                    if earlier is None:
                        return
                    reply_id = str(earlier.id)
                await channel.get_partial_message(int(reply_id)).delete()
        except discord.NotFound as error:
            if error.code not in (UNKNOWN_MESSAGE, UNKNOWN_CHANNEL):
                raise
            log.info("The reply to post %s is gone: %s", post.id, error)

    async def _check_permissions(self, post: Post, channel: PostChannel, mode: ReplyMode) -> None:
        missing = missing_permissions(channel, mode)
        if missing:
            text = await warn_of_permissions(
                self._core.database,
                post.community,
                channel.guild,
                missing,
                key="notice.missing",
                now=self._core.clock(),
            )
            if "view_channel" in missing:
                # A channel that is hidden for an hour may still be answered in.
                raise PlatformUnavailable(_OUT_OF_SIGHT)
            raise ReplyDeclined(text)


def nonce_of(message_id: str) -> str:
    """What makes Discord answer a repeated reply with the first one: 25 characters at most."""
    return f"p{message_id}"


def _original_is_gone(error: discord.HTTPException) -> bool:
    """Whether an answer proves that the message was deleted. Other faults may be of a moment."""
    if error.code == UNKNOWN_MESSAGE:
        return True
    return error.code == INVALID_FORM and _NO_ORIGINAL in error.text
