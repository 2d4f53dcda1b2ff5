"""Sending replies, changing them, taking them away: never twice, and never where it may not be."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from weakref import WeakValueDictionary

import discord
from sqlalchemy import bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from bot.core import Core
from bot.discord.gateway.channels import PostChannel
from bot.discord.gateway.error_codes import (
    INVALID_FORM,
    UNKNOWN_CHANNEL,
    UNKNOWN_MESSAGE,
    reaching_discord,
)
from bot.discord.gateway.guild_options import upvote_of
from bot.discord.gateway.permissions import missing_permissions
from bot.discord.messages.render_reply import (
    ReplyMessage,
    RightGuess,
    outcome_message,
    reply_message,
    too_late_message,
)
from bot.discord.texts.english import Texts
from bot.discord.ui.admin_messages import warn_of_permissions
from bot.discord.ui.member_names import MemberNames
from bot.league.guesses import guess_tally, guessing_is_open
from bot.platform import PostGone, ReplyDeclined
from bot.serving.duplicates import Duplicate, find_duplicate
from bot.serving.forecast import Card, Outcome, TooLate, stored_card
from storage.queries.growth_examples import newest_nowcasts
from storage.queries.posts import load_post
from storage.tables import Author, Guess, Image, Post, PostImage, Prediction
from storage.types import Bucket, ReplyMode

log = logging.getLogger(__name__)

#: What the bot reacts with where it is to say no more.
CRYSTAL_BALL = "🔮"
#: Stands for the id of a reply where there is a reaction only.
REACTION = "reaction"

#: Messages after a post among which an earlier reply is looked for.
_LOOKED_THROUGH = 2000


_IMAGES = select(func.count()).where(PostImage.post_id == Post.id).scalar_subquery()
_TO_ANSWER = (
    select(Post, _IMAGES.label("images"), Image.phash)
    .outerjoin(Prediction, Prediction.post_id == Post.id)
    .outerjoin(Image, Image.id == Prediction.image_id)
    .where(Post.id == bindparam("post_id"))
    .order_by(Prediction.id)
    .limit(1)
    .options(joinedload(Post.community))
)


@dataclass(frozen=True, slots=True)
class Answered:
    """A post with its community, and what else a reply to it needs to know.

    Attributes:
        images: how many the post has.
        seen: an earlier post of the image that it was predicted by.
    """

    post: Post
    images: int
    seen: Duplicate | None


class Replies:
    """What people see of predictions in channels, on one connection."""

    def __init__(self, client: discord.Client, core: Core, names: MemberNames) -> None:
        self._client = client
        self._core = core
        self._names = names
        # One by one in a channel: beside each other, discord.py counts those that are under way
        # against the limit twice, and waits for its end where there is room.
        self._sending: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    async def reply(self, post_id: int, card: Card, mode: ReplyMode, *, sent_before: bool) -> str:
        """Reply to a post and return the reply's id.

        Raises:
            PlatformUnavailable: try again later.
            ReplyDeclined: the bot may not, or has no business there any more.
            PostGone: the post was deleted.
        """
        answered = await self._look_up(post_id)
        post = answered.post
        channel = await self._channel(post)
        await self._check_permissions(post, channel, mode)
        original = channel.get_partial_message(int(post.source_id))
        try:
            with reaching_discord():
                if mode is ReplyMode.REACT:
                    await original.add_reaction(CRYSTAL_BALL)
                    return REACTION
                if sent_before and (earlier := await self._own_reply(channel, post)) is not None:
                    return str(earlier.id)
                message = await self._message(answered, card, channel)
                async with self._sending.setdefault(channel.id, asyncio.Lock()):
                    sent = await original.reply(
                        embed=message.embed, view=message.view, nonce=nonce_of(post.source_id)
                    )
        except discord.Forbidden as error:
            raise ReplyDeclined(f"Discord does not let me reply there: {error.text}.") from error
        except discord.HTTPException as error:
            if _original_is_gone(error):
                raise PostGone("The message was deleted.") from error
            raise
        return str(sent.id)

    async def close(self, post: Post) -> None:
        """Change a reply into what is shown when guessing has closed.

        Raises:
            PlatformUnavailable: try again later.
        """
        channel = await self._channel_or_none(post)
        if channel is not None and post.reply is not None and post.prediction_rows:
            answered = Answered(post, len(post.images), await self.seen(post))
            card = stored_card(post.prediction_rows[0])
            message = await self._message(answered, card, channel)
            await self._edit(channel, post.reply.source_id, message)

    async def settle(self, post: Post, reply_id: str, outcome: Outcome | TooLate) -> None:
        """Change a reply into what came of its prediction.

        Raises:
            PlatformUnavailable: try again later.
        """
        channel = await self._channel_or_none(post)
        if channel is None or not is_a_message(reply_id):
            return
        if isinstance(outcome, TooLate):
            await self._edit(channel, reply_id, too_late_message(_texts(channel), post, outcome))
            return
        async with self._core.database.read() as session:
            guesses = (
                await session.execute(
                    select(Guess.bucket, Author.hash)
                    .join(Author, Author.id == Guess.author_id)
                    .where(Guess.post_id == post.id, Author.opted_out_at.is_(None))
                    .order_by(Guess.guessed_at, Guess.id)
                )
            ).all()
        right = [each for each in guesses if each.bucket is outcome.bucket]
        best = None
        if right and (name := self._names.mention(right[0].hash)) is not None:
            best = RightGuess(outcome.bucket, name)
        message = outcome_message(
            _texts(channel),
            post,
            outcome,
            upvote=upvote_of(post.community.options),
            best=best,
            right=len(right),
            guesses=len(guesses),
        )
        await self._edit(channel, reply_id, message)

    async def withdraw(self, post: Post, reply_id: str | None) -> None:
        """Take a reply away; no harm where there is none any more.

        Raises:
            PlatformUnavailable: try again later.
        """
        channel = await self._channel_or_none(post)
        if channel is None:
            return
        try:
            with reaching_discord():
                if reply_id == REACTION:
                    original = channel.get_partial_message(int(post.source_id))
                    await original.remove_reaction(CRYSTAL_BALL, discord.Object(self._own_id()))
                    return
                if reply_id is None:
                    earlier = await self._own_reply(channel, post)
                    if earlier is None:
                        return
                    reply_id = str(earlier.id)
                await channel.get_partial_message(int(reply_id)).delete()
        except (discord.NotFound, discord.Forbidden) as error:
            log.info("The reply to post %s is out of reach: %s", post.id, error)

    async def seen(self, post: Post) -> Duplicate | None:
        """An earlier post of the image that a post was predicted by."""
        if not post.prediction_rows:
            return None
        async with self._core.database.read() as session:
            image = await session.get_one(Image, post.prediction_rows[0].image_id)
            return await find_duplicate(
                session,
                community_id=post.community_id,
                phash=image.phash,
                before=post.posted_at,
                without_post=post.id,
            )

    async def load(self, post_id: int) -> Post:
        """A post as everything here needs it.

        Raises:
            PostGone: it is stored no more.
        """
        async with self._core.database.read() as session:
            post = await load_post(session, post_id)
        if post is None:
            raise PostGone("The post is stored no more.")
        return post

    async def _look_up(self, post_id: int) -> Answered:
        """What a reply needs, in few statements: many posts may come at once."""

        async def look_up(session: AsyncSession) -> Answered:
            row = (await session.execute(_TO_ANSWER, {"post_id": post_id})).first()
            if row is None:
                raise PostGone("The post is stored no more.")
            post: Post = row.Post
            seen = None
            if row.phash is not None:
                seen = await find_duplicate(
                    session,
                    community_id=post.community_id,
                    phash=row.phash,
                    before=post.posted_at,
                    without_post=post.id,
                )
            return Answered(post, row.images, seen)

        return await self._core.database.read_in_one_go(look_up)

    async def _message(self, answered: Answered, card: Card, channel: PostChannel) -> ReplyMessage:
        post = answered.post
        now = self._core.clock()
        tally: Mapping[Bucket, int] = {}
        second_look = None
        if not guessing_is_open(post, now):
            async with self._core.database.read() as session:
                tally = await guess_tally(session, post.id)
                second_look = (await newest_nowcasts(session, [post.id])).get(post.id)
        return reply_message(
            _texts(channel),
            post,
            card,
            images=answered.images,
            seen=answered.seen,
            tally=tally,
            second_look=second_look,
            now=now,
        )

    async def _edit(
        self,
        channel: PostChannel,
        reply_id: str | None,
        message: ReplyMessage,
    ) -> None:
        if reply_id is None:
            return
        try:
            with reaching_discord():
                reply = channel.get_partial_message(int(reply_id))
                await reply.edit(embed=message.embed, view=message.view)
        except (discord.NotFound, discord.Forbidden) as error:
            # A moderator removed it, or the bot; there is nothing left to change.
            log.info("Reply %s is out of reach: %s", reply_id, error)

    async def _channel(self, post: Post) -> PostChannel:
        channel = await self._channel_or_none(post)
        if channel is None:
            raise ReplyDeclined("The bot cannot see the channel any more.")
        return channel

    async def _channel_or_none(self, post: Post) -> PostChannel | None:
        channel_id = int(post.community.source_id)
        channel: object = self._client.get_channel(channel_id)
        if channel is None:
            try:
                with reaching_discord():
                    channel = await self._client.fetch_channel(channel_id)
            except (discord.NotFound, discord.Forbidden):
                return None
        return channel if isinstance(channel, PostChannel) else None

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
            raise ReplyDeclined(text)

    async def _own_reply(self, channel: PostChannel, post: Post) -> discord.Message | None:
        """An earlier reply that could not be noted.

        Raises:
            discord.HTTPException: the history cannot be read.
        """
        message_id, own_id = int(post.source_id), self._own_id()
        async for message in channel.history(
            limit=_LOOKED_THROUGH, after=discord.Object(message_id), oldest_first=True
        ):
            reference = message.reference
            if (
                message.author.id == own_id
                and reference is not None
                and reference.message_id == message_id
            ):
                return message
        return None

    def _own_id(self) -> int:
        user = self._client.user
        if user is None:
            raise RuntimeError("not logged in")
        return user.id


def nonce_of(message_id: str) -> str:
    """What makes Discord answer a repeated reply with the first one: 25 characters at most."""
    return f"p{message_id}"


def is_a_message(reply_id: str | None) -> bool:
    """Whether a reply's id is that of a message, which can be changed."""
    return reply_id is not None and reply_id != REACTION


def _original_is_gone(error: discord.HTTPException) -> bool:
    if error.code in (UNKNOWN_MESSAGE, UNKNOWN_CHANNEL):
        return True
    return error.code == INVALID_FORM and "message_reference" in error.text


def _texts(channel: PostChannel) -> Texts:
    return Texts(channel.guild.preferred_locale)
