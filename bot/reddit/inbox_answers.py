"""Answers to messages: each is sent once, within hours, or not at all."""

import logging
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import func, select

from bot.community_language import speaking_in
from bot.core import Core
from bot.league.guesses import guess_of
from bot.league.secrecy import Reader, Secret, secret_sentence, votes_are_in, why_secret
from bot.networks.answer_queue import AnswerQueue
from bot.networks.texts import OPTED_IN, opted_out_sentence
from bot.platform import PlatformUnavailable, ReplyDeclined
from bot.posts.pipeline import Pipeline
from bot.reddit.client import RedditClient
from bot.reddit.communities import community_ref
from bot.reddit.errors import NotAllowed, NotThere
from bot.reddit.inbox import FRESH
from bot.reddit.items import Rules, Skip, read_item
from bot.reddit.options import GUESSES, rules_for
from bot.reddit.replies import Replies
from bot.reddit.reply_rules import IN_CONTEST, is_in_contest
from bot.reddit.texts import (
    GUESS_FIRST,
    STILL_WAITING,
    guess_text,
    plain_text,
    prediction_text,
)
from bot.serving.forecast import stored_card
from bot.serving.phrases import refusal_sentence
from bot.texts.translate import gettext as _
from bot.texts.translate import retell
from storage.queries.posts import load_post
from storage.tables import Community, InboxItem, Post
from storage.types import OF_MODERATORS, InboxKind, PlatformName, PostState

log = logging.getLogger(__name__)

#: Answers under one post, so that nobody makes the bot write without end.
ANSWERS_UNDER_A_POST = 3

#: What somebody hears whose post cannot be predicted.
_SKIPPED = {
    Skip.UNREADABLE: "Reddit does not tell enough about this post to predict it.",
    Skip.REMOVED: "This post was removed.",
    Skip.DELETED: "This post was deleted.",
    Skip.NSFW: "Posts marked NSFW are not predicted here.",
    Skip.CROSSPOST: "Cross-posts are not predicted: ask under the original.",
    Skip.VIDEO: "Videos cannot be predicted, only images.",
    Skip.TEXT: "There is no image in this post, and only images can be predicted.",
    Skip.NO_IMAGE: "There is no image in this post that can be looked at.",
    Skip.TOO_OLD: "The votes on this post are in already: only new posts can be predicted.",
}


class InboxAnswers:
    """Answers what `Inbox` recorded."""

    def __init__(
        self,
        client: RedditClient,
        core: Core,
        pipeline: Pipeline,
        replies: Replies,
        rules: Rules,
    ) -> None:
        self._client = client
        self._database = core.database
        self._clock = core.clock
        self._pipeline = pipeline
        self._replies = replies
        self._rules = rules
        self.queue = AnswerQueue(
            core.database,
            PlatformName.REDDIT,
            {*InboxKind} - OF_MODERATORS,
            (NotAllowed, NotThere),
            clock=core.clock,
        )

    async def answer_due(self) -> None:
        """Answer the messages whose time has come."""
        await self.queue.each_due(self._answer)

    async def _answer(self, item: InboxItem) -> None:
        async with self._database.read() as session:
            community = await session.get_one(Community, item.community_id)
        answer_id = None
        if item.tries:
            answer_id = await self._replies.find_own(item.source_id, since=item.recorded_at)
        if answer_id is None:
            await self._replies.check_answer_rate(community, until=item.recorded_at + FRESH)
            with speaking_in(community):
                text = await self._text(item, community)
            if not await self.queue.claim(item):
                return
            answer_id = await self._replies.comment(
                item.source_id, text, community, item.post_source_id or item.source_id
            )
        await self.queue.note_sent(item, answer_id)

    async def _text(self, item: InboxItem, community: Community) -> str:
        about = await self._replies.about()
        if item.kind is InboxKind.OPT_OUT:
            return plain_text(opted_out_sentence(), about)
        if item.kind is InboxKind.OPT_IN:
            return plain_text(_(OPTED_IN), about)
        if item.kind is InboxKind.GUESS:
            return plain_text(await self._guess_sentence(item), about)
        post = await self._post(item, community)
        if isinstance(post, str):
            return plain_text(retell(post), about)
        async with self._database.read() as session:
            known = await session.run_sync(votes_are_in, post.id)
        # Everybody reads an answer.
        reader = Reader(alone=False, asked=True)
        secret = why_secret(post, reader, self._clock(), votes_are_in=known)
        if secret is not None and (why := secret_sentence(secret)) is not None:
            return plain_text(retell(why), about)
        if secret is Secret.GUESS_FIRST and community.options.get(GUESSES):
            return plain_text(_(GUESS_FIRST), about)
        if is_in_contest(post) and not known:
            return plain_text(_(IN_CONTEST), about)
        if not post.prediction_rows:
            return plain_text(refusal_sentence(post) or _(STILL_WAITING), about)
        return prediction_text(
            stored_card(post.prediction_rows[0], genre=post.shown_genre), community.name, about
        )

    async def _post(self, item: InboxItem, community: Community) -> Post | str:
        """The post that a message is about, predicted; or a sentence that says why it is not.

        Raises:
            ReplyDeclined: there is nothing to say about it.
            PlatformUnavailable: try again later.
        """
        source_id = item.post_source_id
        if source_id is None:
            raise ReplyDeclined("It was written under no post.")
        if await self._answers_under(source_id) >= ANSWERS_UNDER_A_POST:
            raise ReplyDeclined("It was answered often enough under this post.")
        post = await self._find(source_id)
        if post is None:
            taken = await self._ingest(source_id, community)
            if isinstance(taken, str):
                return taken
            post = taken
        if post.state in (PostState.SEEN, PostState.PREDICTED):
            await self._pipeline.advance(post.id)
            post = await self._find(source_id)
        if post is None or post.state is PostState.WITHDRAWN:
            raise ReplyDeclined("The post was withdrawn.")
        if post.state is PostState.SEEN:
            raise PlatformUnavailable("the image did not arrive yet", timedelta(minutes=1))
        return post

    async def _ingest(self, source_id: str, community: Community) -> Post | str:
        info = (await self._client.info([source_id])).get(source_id)
        if info is None:
            raise ReplyDeclined("Reddit does not know the post.")
        # A question may come late, as long as the votes are not in.
        rules = replace(
            rules_for(community, self._rules), max_age=timedelta(seconds=community.horizon_seconds)
        )
        taken = read_item(info, community_ref(community), rules, self._clock())
        if isinstance(taken, Skip):
            if taken in _SKIPPED:
                return _SKIPPED[taken]
            raise ReplyDeclined(f"The post cannot be answered: {taken.value}.")
        post_id = await self._pipeline.accept(PlatformName.REDDIT, taken)
        post = await self._find(source_id)
        if post_id is None or post is None:
            raise ReplyDeclined("Its author, or the subreddit, wants no predictions.")
        return post

    async def _guess_sentence(self, item: InboxItem) -> str:
        """What became of a guess."""
        post = await self._find(str(item.post_source_id))
        if post is None or item.person is None:
            raise ReplyDeclined("There is nothing to say of the guess.")
        person = item.person
        async with self._database.read() as session:
            guess = await session.run_sync(guess_of, post.id, PlatformName.REDDIT, person)
        return guess_text(guess.bucket if guess else None, post.guessing_closed_at)

    async def _find(self, source_id: str) -> Post | None:
        async with self._database.read() as session:
            query = select(Post.id).filter_by(platform=PlatformName.REDDIT, source_id=source_id)
            post_id = await session.scalar(query)
            return await session.run_sync(load_post, post_id) if post_id is not None else None

    async def _answers_under(self, source_id: str) -> int:
        async with self._database.read() as session:
            query = select(func.count()).where(
                InboxItem.platform == PlatformName.REDDIT,
                InboxItem.post_source_id == source_id,
                InboxItem.kind == InboxKind.PREDICT,
                InboxItem.answered_at.is_not(None),
            )
            return (await session.scalars(query)).one()
