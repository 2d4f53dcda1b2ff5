"""Messages to the bot: who wants to be left alone, and mentions under posts."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.core import Core
from bot.league.secrecy import Reader, votes_are_in, why_secret
from bot.lemmy.client import LemmyClient
from bot.lemmy.items import author_of, local_id, part, published, source_id_of
from bot.lemmy.replies import Replies
from bot.lemmy.texts import NOT_NOW, OPTED_IN, OPTED_OUT, plain_text, prediction_text
from bot.people.consent import opt_in_in, opt_out_in
from bot.people.identity import hash_person
from bot.people.message_commands import command_in
from bot.platform import PlatformUnavailable, PostGone, ReplyDeclined
from bot.serving.forecast import stored_card
from storage.engine.upsert import insert_if_new
from storage.queries.posts import load_post
from storage.tables import Community, InboxItem, Post
from storage.types import InboxKind, PlatformName, ReplyState

log = logging.getLogger(__name__)

#: Who wants to be left alone is heard after a weekend without us; a question is answered at once.
REACH, FRESH = timedelta(days=14), timedelta(hours=6)
#: Most answers to one person within a day: bots answer bots without end.
ANSWERS_A_DAY = 5
DAY = timedelta(days=1)
CLAIMED_FOR = timedelta(minutes=1)
FIRST_WAIT = timedelta(seconds=30)
MAX_TRIES = 8


@dataclass(frozen=True, slots=True)
class _Message:
    """What somebody wrote to the bot."""

    source_id: str
    kind: InboxKind
    author: str
    sent_at: datetime
    #: The post and the comment that it is; None: a private message.
    post_id: int | None
    comment_id: int | None


class Inbox:
    """Reads messages, does what they ask for at once, and answers where that is wanted."""

    def __init__(self, client: LemmyClient, core: Core, replies: Replies, *, instance: str) -> None:
        self._client = client
        self._core = core
        self._database = core.database
        self._clock = core.clock
        self._replies = replies
        self._instance = instance

    async def read(self) -> None:
        """Record new messages that ask for something, and do it.

        Raises:
            PlatformUnavailable: the instance cannot be asked now.
        """
        me = str((await self._client.me()).get("actor_id"))
        found = [
            *(self._message(view, "comment") for view in await self._client.replies()),
            *(self._message(view, "mention") for view in await self._client.mentions()),
            *(self._message(view, "private_message") for view in await self._client.messages()),
        ]
        fresh = [each for each in found if each is not None and each.author != me]
        # Wishes are done in the order in which they were made.
        for message in sorted(fresh, key=lambda each: each.sent_at):
            age = self._clock() - message.sent_at
            if age <= (FRESH if message.kind is InboxKind.PREDICT else REACH):
                await self._record(message)

    async def answer_due(self) -> None:
        """Answer the messages whose time has come."""
        async with self._database.read() as session:
            due = (
                await session.scalars(
                    select(InboxItem)
                    .where(
                        InboxItem.platform == PlatformName.LEMMY, InboxItem.due_at <= self._clock()
                    )
                    .order_by(InboxItem.due_at, InboxItem.id)
                )
            ).all()
        for item in due:
            try:
                await self._answer(item)
            except PlatformUnavailable as error:
                await self._later(item, error.retry_after)
            except (ReplyDeclined, PostGone) as error:
                await self._end(item, ReplyState.SKIPPED, reason=str(error))
            except Exception:
                # One message that cannot be answered must not stop the others.
                log.exception("Message %s could not be answered; tried again.", item.source_id)
                await self._later(item, None)

    def _message(self, view: Mapping[str, Any], how: str) -> _Message | None:
        key = "private_message" if how == "private_message" else "comment"
        thing, author, sent_at = part(view, key), author_of(view), published(view, key)
        thing_id = thing.get("id")
        if author is None or sent_at is None or not isinstance(thing_id, int):
            return None
        kind = command_in(thing.get("content"))
        if kind is None and how == "mention":
            kind = InboxKind.PREDICT
        if kind is None or (kind is InboxKind.PREDICT and key == "private_message"):
            return None
        post_id = thing.get("post_id")
        return _Message(
            source_id=f"{key} {source_id_of(thing_id, self._instance)}",
            kind=kind,
            author=author,
            sent_at=sent_at,
            post_id=post_id if isinstance(post_id, int) else None,
            comment_id=thing_id if key == "comment" else None,
        )

    async def _record(self, message: _Message) -> None:
        """Do what a message asks for and record it, once."""
        person = hash_person(self._core.people_key, PlatformName.LEMMY, message.author)
        now = self._clock()
        source_id = (
            None if message.post_id is None else source_id_of(message.post_id, self._instance)
        )
        async with self._database.write() as session:
            known = select(InboxItem.id).filter_by(
                platform=PlatformName.LEMMY, source_id=message.source_id
            )
            if await session.scalar(known) is not None:
                return
            changed = await self._do(session, message, person, now)
            post = None
            if source_id is not None:
                query = select(Post).filter_by(platform=PlatformName.LEMMY, source_id=source_id)
                post = await session.scalar(query)
            community = None if post is None else await session.get(Community, post.community_id)
            reason = await self._why_silent(session, message, person, community, changed, now)
            await session.run_sync(
                insert_if_new,
                InboxItem,
                platform=PlatformName.LEMMY,
                source_id=message.source_id,
                kind=message.kind,
                person=person,
                sent_at=message.sent_at,
                community_id=community.id if community else None,
                post_source_id=source_id,
                state=ReplyState.PENDING if reason is None else ReplyState.SKIPPED,
                recorded_at=now,
                due_at=now if reason is None else None,
                reason=reason,
            )

    async def _do(
        self, session: AsyncSession, message: _Message, person: str, now: datetime
    ) -> bool:
        """Do what somebody wishes about their data; return whether that changed anything."""
        if message.kind is InboxKind.PREDICT:
            return True
        newer = select(InboxItem.id).where(
            InboxItem.platform == PlatformName.LEMMY,
            InboxItem.person == person,
            InboxItem.kind.in_((InboxKind.OPT_OUT, InboxKind.OPT_IN)),
            InboxItem.sent_at > message.sent_at,
        )
        if await session.scalar(newer.limit(1)) is not None:
            return False
        if message.kind is InboxKind.OPT_IN:
            return await opt_in_in(session, platform=PlatformName.LEMMY, person=person)
        done = await opt_out_in(session, platform=PlatformName.LEMMY, person=person, now=now)
        return done.newly

    async def _why_silent(
        self,
        session: AsyncSession,
        message: _Message,
        person: str,
        community: Community | None,
        changed: bool,
        now: datetime,
    ) -> str | None:
        if message.comment_id is None:
            return "It was a private message."
        if community is None:
            return "It was written under a post that is not followed."
        if not changed:
            return "It changed nothing: they had asked for the same before."
        answered = select(func.count()).where(
            InboxItem.platform == PlatformName.LEMMY,
            InboxItem.person == person,
            InboxItem.answered_at > now - DAY,
        )
        if (await session.scalars(answered)).one() >= ANSWERS_A_DAY:
            return "They were answered often enough today."
        return self._replies.rules.reason_not_to_write(community)

    async def _answer(self, item: InboxItem) -> None:
        post_id = local_id(str(item.post_source_id), self._instance)
        parent = local_id(item.source_id.removeprefix("comment "), self._instance)
        if post_id is None or parent is None:
            raise ReplyDeclined("It was written on an instance that Peoria was on before.")
        answer_id = None
        if item.tries:
            answer_id = await self._replies.find_own(post_id, item.recorded_at, parent=parent)
        if answer_id is None:
            async with self._database.read() as session:
                community = await session.get_one(Community, item.community_id)
            text = await self._text(item, community)
            if not await self._claim(item):
                return
            answer_id = await self._replies.comment(community, post_id, text, parent)
        await self._end(item, ReplyState.SENT, answer_id=str(answer_id))

    async def _text(self, item: InboxItem, community: Community) -> str:
        about = self._replies.rules.about
        if item.kind is not InboxKind.PREDICT:
            return plain_text(OPTED_OUT if item.kind is InboxKind.OPT_OUT else OPTED_IN, about)
        async with self._database.read() as session:
            query = select(Post.id).filter_by(
                platform=PlatformName.LEMMY, source_id=item.post_source_id
            )
            found = await session.scalar(query)
            post = None if found is None else await session.run_sync(load_post, found)
            known = found is not None and await session.run_sync(votes_are_in, found)
        reader = Reader(alone=False, asked=True)
        if (
            post is None
            or not post.prediction_rows
            or why_secret(post, reader, self._clock(), votes_are_in=known) is not None
        ):
            return plain_text(NOT_NOW, about)
        card = stored_card(post.prediction_rows[0], genre=post.shown_genre)
        return prediction_text(card, community.name, about)

    async def _claim(self, item: InboxItem) -> bool:
        """Record that an answer is about to be sent; return whether nobody else did."""
        async with self._database.write() as session:
            claimed = await session.execute(
                update(InboxItem)
                .where(
                    InboxItem.id == item.id,
                    InboxItem.state == ReplyState.PENDING,
                    InboxItem.tries == item.tries,
                )
                .values(tries=item.tries + 1, due_at=self._clock() + CLAIMED_FOR)
                .returning(InboxItem.id)
            )
            return claimed.first() is not None

    async def _later(self, item: InboxItem, after: timedelta | None) -> None:
        if item.tries >= MAX_TRIES:
            await self._end(item, ReplyState.SKIPPED, reason="Lemmy could not be reached.")
            return
        async with self._database.write() as session:
            kept = await session.get_one(InboxItem, item.id)
            kept.due_at = self._clock() + (after or FIRST_WAIT * 2**kept.tries)

    async def _end(
        self,
        item: InboxItem,
        state: ReplyState,
        *,
        answer_id: str | None = None,
        reason: str | None = None,
    ) -> None:
        async with self._database.write() as session:
            kept = await session.get_one(InboxItem, item.id)
            kept.state, kept.due_at, kept.reason = state, None, reason
            kept.answer_id = answer_id
            kept.answered_at = self._clock() if answer_id else None
