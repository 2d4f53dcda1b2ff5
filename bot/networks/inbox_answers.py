"""Answers to messages: each is sent once, within hours, or not at all."""

from datetime import timedelta

from sqlalchemy import func, select

from bot.community_language import speaking_in
from bot.core import Core
from bot.league.secrecy import Reader, votes_are_in, why_secret
from bot.networks.answer_queue import AnswerQueue
from bot.networks.errors import NetworkRefusal
from bot.networks.inbox import FRESH
from bot.networks.network import Network, Skip
from bot.networks.replies import Replies, answer_place
from bot.networks.texts import NOT_NOW, OPTED_IN, SKIPPED, opted_out_sentence
from bot.networks.watch import Watch
from bot.platform import PlatformUnavailable, ReplyDeclined
from bot.posts.pipeline import Pipeline
from bot.serving.forecast import stored_card
from bot.serving.phrases import refusal_sentence
from bot.texts.translate import gettext as _
from bot.texts.translate import retell
from storage.queries.posts import load_post
from storage.tables import Community, InboxItem, Post, Reply
from storage.types import OF_MODERATORS, InboxKind, PostState, ReplyState

#: Answers to questions under one post, so that nobody makes the bot write without end.
ANSWERS_UNDER_A_POST = 3


class InboxAnswers:
    """Answers what `Inbox` recorded."""

    def __init__(
        self, network: Network, core: Core, pipeline: Pipeline, replies: Replies, watch: Watch
    ) -> None:
        self._network = network
        self._core = core
        self._pipeline = pipeline
        self._replies = replies
        self._watch = watch
        self._queue = AnswerQueue(
            core.database,
            network.name,
            {*InboxKind} - OF_MODERATORS,
            (NetworkRefusal,),
            clock=core.clock,
        )

    async def answer_due(self) -> None:
        """Answer the messages whose time has come."""
        await self._queue.each_due(self._answer)

    async def _answer(self, item: InboxItem) -> None:
        if item.post_source_id is None:
            raise ReplyDeclined("It was written under no post.")
        place = answer_place(item.post_source_id, item.source_id)
        answer_id = None
        if item.tries:
            answer_id = await self._network.own_answer(place, item.recorded_at)
        if answer_id is None:
            if self._core.clock() - item.recorded_at > FRESH:
                raise ReplyDeclined("It could not be answered in time.")
            async with self._core.database.read() as session:
                community = await session.get_one(Community, item.community_id)
            with speaking_in(community):
                text = await self._text(item, community)
            if not await self._queue.claim(item):
                return
            answer_id = await self._replies.write(community, place, text)
        await self._queue.note_sent(item, answer_id)

    async def _text(self, item: InboxItem, community: Community) -> str:
        if item.kind is not InboxKind.PREDICT:
            out = item.kind is InboxKind.OPT_OUT
            return self._network.plain_text(opted_out_sentence() if out else _(OPTED_IN))
        post = await self._post(str(item.post_source_id), community)
        if isinstance(post, str):
            return self._network.plain_text(retell(post))
        is_watched = community.source_id in self._network.watched
        if item.source_id == item.post_source_id and is_watched and post.reply is not None:
            # The post itself asks: what stands under every post there answers it.
            self._check_reply(post.reply)
        async with self._core.database.read() as session:
            known = await session.run_sync(votes_are_in, post.id)
        # Everybody reads an answer.
        reader = Reader(alone=False, asked=True)
        if why_secret(post, reader, self._core.clock(), votes_are_in=known) is not None:
            return self._network.plain_text(_(NOT_NOW))
        if not post.prediction_rows:
            return self._network.plain_text(refusal_sentence(post) or _(NOT_NOW))
        card = stored_card(post.prediction_rows[0], genre=post.shown_genre)
        return self._network.prediction_text(card, community.name)

    async def _answers_under(self, source_id: str) -> int:
        query = select(func.count()).where(
            InboxItem.platform == self._network.name,
            InboxItem.kind == InboxKind.PREDICT,
            InboxItem.post_source_id == source_id,
            InboxItem.state == ReplyState.SENT,
        )
        async with self._core.database.read() as session:
            return await session.scalar(query) or 0

    async def _post(self, source_id: str, community: Community) -> Post | str:
        """The post that a message is about, predicted; or a sentence that says why it is not.

        Raises:
            ReplyDeclined: there is nothing to say about it.
            PlatformUnavailable: try again later.
        """
        if await self._answers_under(source_id) >= ANSWERS_UNDER_A_POST:
            raise ReplyDeclined("It was answered often enough under this post.")
        post = await self._find(source_id)
        if post is None:
            taken = await self._take(source_id, community)
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

    async def _take(self, source_id: str, community: Community) -> Post | str:
        """Take a post because somebody asks about it."""
        seen = (await self._network.look([source_id])).get(source_id)
        if seen is None:
            raise ReplyDeclined(f"{self._network.title} does not show the post.")
        # A question may come late, as long as the votes are not in.
        final = timedelta(seconds=community.horizon_seconds)
        taken = await self._watch.take(seen, community, final)
        if isinstance(taken, Skip):
            if taken in SKIPPED:
                return SKIPPED[taken]
            raise ReplyDeclined(f"The post cannot be answered: {taken.value}.")
        post = None if taken is None else await self._find(source_id)
        if post is None:
            raise ReplyDeclined("Its author wants no predictions.")
        return post

    def _check_reply(self, reply: Reply) -> None:
        """Do nothing if a post that asks gets no reply by itself.

        Raises:
            PlatformUnavailable: that is not known yet.
            ReplyDeclined: it gets one.
        """
        if self._replies.rules.reply != "on":
            return
        if reply.state is ReplyState.PENDING:
            raise PlatformUnavailable("its reply is under way", timedelta(minutes=1))
        if reply.state is not ReplyState.SKIPPED:
            raise ReplyDeclined("The reply to the post answers it.")

    async def _find(self, source_id: str) -> Post | None:
        async with self._core.database.read() as session:
            query = select(Post.id).filter_by(platform=self._network.name, source_id=source_id)
            found = await session.scalar(query)
            return None if found is None else await session.run_sync(load_post, found)
