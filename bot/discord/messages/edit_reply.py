"""Changing a reply: when guessing closes, and when the score is final."""

import discord

from bot.core import Core
from bot.discord.gateway.answers import judging_answers
from bot.discord.gateway.channels import PostChannel
from bot.discord.gateway.guild_options import options_of, upvote_of
from bot.discord.messages.current_reply import current_reply
from bot.discord.messages.distribution_picture import distribution_file
from bot.discord.messages.find_reply import is_a_message, require_channel
from bot.discord.messages.render_reply import (
    ReplyMessage,
    RightGuess,
    outcome_message,
    outcome_unknown_message,
    outcome_waits_message,
)
from bot.discord.messages.reply_data import ReplyData, find_earlier_post, read_named_guesses
from bot.discord.texts.lookup import Texts
from bot.discord.ui.member_names import MemberNames
from bot.serving.forecast import Ending, Outcome, OutcomeUnknown, OutcomeWaits, stored_card
from storage.tables import Post


class ReplyEditor:
    """Changes replies that were sent, on one connection."""

    def __init__(self, client: discord.Client, core: Core, names: MemberNames) -> None:
        self._client = client
        self._core = core
        self._names = names

    async def close(self, post: Post) -> None:
        """Change a reply into what is shown when guessing has closed.

        Raises:
            PlatformUnavailable: try again later.
            RequestRefused, RequestFailed: it cannot be changed.
        """
        if post.reply is None or not post.prediction_rows:
            return
        channel = await require_channel(self._client, post)
        async with self._core.database.read() as session:
            seen = await session.run_sync(find_earlier_post, post)
        message = await current_reply(
            self._core,
            ReplyData(post, len(post.images), seen),
            stored_card(post.prediction_rows[0], genre=post.shown_genre),
            _texts(channel),
        )
        await _edit(channel, post.reply.source_id, message)

    async def settle(self, post: Post, reply_id: str, outcome: Ending) -> None:
        """Change a reply into the outcome of its prediction.

        Raises:
            PlatformUnavailable: try again later.
            RequestRefused, RequestFailed: it cannot be changed.
        """
        if not is_a_message(reply_id):
            return
        channel = await require_channel(self._client, post)
        texts = _texts(channel)
        match outcome:
            case OutcomeUnknown():
                message = outcome_unknown_message(texts, post, outcome)
            case OutcomeWaits():
                message = outcome_waits_message(texts, post, outcome, upvote=_upvote(post))
            case Outcome():
                picture = None
                if channel.permissions_for(channel.guild.me).attach_files:
                    picture = await _picture(texts, post, outcome)
                message = await self._outcome_message(texts, post, outcome, picture)
        await _edit(channel, reply_id, message)

    async def _outcome_message(
        self, texts: Texts, post: Post, outcome: Outcome, picture: discord.File | None
    ) -> ReplyMessage:
        async with self._core.database.read() as session:
            guesses = await read_named_guesses(session, post.id)
        right = [each for each in guesses if each.bucket is outcome.bucket]
        best = None
        if right and (name := self._names.mention(right[0].person, right[0].sealed)) is not None:
            best = RightGuess(outcome.bucket, name)
        return outcome_message(
            texts,
            post,
            outcome,
            upvote=_upvote(post),
            best=best,
            right=len(right),
            guesses=len(guesses),
            picture=picture,
        )


async def _picture(texts: Texts, post: Post, outcome: Outcome) -> discord.File | None:
    """The prediction and where it came out; None where that is told of nobody."""
    label = post.label
    if label is None or not outcome.told:
        return None
    interval = (label.percentile_low, label.percentile_high)
    return await distribution_file(texts, outcome.card.bins, outcome=interval)


def _upvote(post: Post) -> str:
    return upvote_of(options_of(post.options, post.community.options))


def _texts(channel: PostChannel) -> Texts:
    return Texts(channel.guild.preferred_locale)


async def _edit(channel: PostChannel, reply_id: str | None, message: ReplyMessage) -> None:
    if reply_id is None:
        return
    with judging_answers():
        reply = channel.get_partial_message(int(reply_id))
        if message.picture is None:
            await reply.edit(embed=message.embed, view=message.view)
        else:
            await reply.edit(embed=message.embed, view=message.view, attachments=[message.picture])
