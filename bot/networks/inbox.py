"""Messages to the bot: wishes, mentions and guesses; answered in inbox_answers.py."""

import logging
from collections import OrderedDict
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.core import Core
from bot.leases import LeaseLost
from bot.networks.answer_limits import reason_to_be_silent
from bot.networks.comment_guesses import CommentGuesses
from bot.networks.network import Message, Network
from bot.networks.replies import Replies
from bot.networks.watch import Watch
from bot.people.consent import has_opted_out, opt_in_in, opt_out_in
from bot.people.identity import hash_person
from bot.platform import PlatformUnavailable
from storage.engine.scopes import EVERYTHING, person_scope
from storage.engine.upsert import insert_if_new
from storage.tables import Community, InboxItem, Post
from storage.types import InboxKind, ReplyState

log = logging.getLogger(__name__)

#: Who wants to be left alone is heard after a weekend without us; a question is answered at once.
REACH, FRESH = timedelta(days=14), timedelta(hours=6)
#: A message may turn up later than one that was written after it, by no more than this.
DISORDER = timedelta(hours=1)
_MAX_PAGES = 10
_MEMORY = 2_000
PRIVATE = "It was a private message."
NOT_FOLLOWED = "It was written under a post that is not followed."


class Inbox:
    """Reads messages, and does what they ask for at once.

    Every look goes back to the newest message of the last look that came to its end, and the first
    one after a start as far as `REACH`.
    """

    def __init__(
        self,
        network: Network,
        core: Core,
        replies: Replies,
        watch: Watch,
        guesses: CommentGuesses | None,
    ) -> None:
        self._network = network
        self._core = core
        self._replies = replies
        self._watch = watch
        self._guesses = guesses
        self._handled: OrderedDict[str, datetime] = OrderedDict()
        #: Everything that was sent before this has been handled; None: that is not known.
        self._mark: datetime | None = None
        #: When the last look began in which everything was handled.
        self._looked_at: datetime | None = None

    async def read(self) -> None:
        """Record new messages that ask for something, and do it.

        Raises:
            PlatformUnavailable: the network cannot be asked now.
        """
        began = self._core.clock()
        reach = began - REACH if self._mark is None else self._mark - DISORDER
        me = await self._network.me()
        found: dict[str, Message] = {}
        after = None
        for _ in range(_MAX_PAGES):
            page = await self._network.messages(after)
            found.update({each.source_id: each for each in page.items})
            after = page.after
            if after is None or page.oldest is None or page.oldest < reach:
                break
        failed: list[datetime] = []
        # Wishes are done in the order in which they were made.
        for message in sorted(found.values(), key=lambda each: each.sent_at):
            if message.author == me or self._handled.get(message.source_id) == message.sent_at:
                continue
            try:
                await self._handle(message)
            except (PlatformUnavailable, LeaseLost):
                raise
            except Exception:
                # The next look comes to it again; the other messages do not wait for it.
                log.exception("Message %s could not be handled.", message.source_id)
                failed.append(message.sent_at)
            else:
                self._handled[message.source_id] = message.sent_at
        while len(self._handled) > _MEMORY:
            self._handled.popitem(last=False)
        self._mark = min([began, *failed])
        if not failed:
            self._looked_at = began

    async def _handle(self, message: Message) -> None:
        if message.kind is InboxKind.GUESS:
            if self._guesses is not None:
                await self._guesses.take(message, looked_at=self._looked_at)
            return
        age = self._core.clock() - message.sent_at
        if age <= (FRESH if message.kind is InboxKind.PREDICT else REACH):
            await self._record(message)

    async def _record(self, message: Message) -> None:
        """Do what a message asks for and record it, once."""
        platform, now = self._network.name, self._core.clock()
        person = hash_person(self._core.people_key, platform, message.author)
        async with self._core.database.read() as session:
            known = select(InboxItem.id).filter_by(platform=platform, source_id=message.source_id)
            if await session.scalar(known) is not None:
                return
            is_question = message.kind is InboxKind.PREDICT
            if is_question and await has_opted_out(session, platform, person):
                return
            community = await self._community_of(session, message)
        asked = self._network.asked
        if community is None and is_question and message.post and asked is not None:
            community = await self._watch.community(*asked)
        # A wish about their data changes rows of every kind.
        scopes = [person_scope(platform, person)] if is_question else EVERYTHING
        async with self._core.database.write(alone_in=scopes) as session:
            changed = await self._do(session, message, person, now)
            reason = self._why_silent(message, community)
            reason = reason or await reason_to_be_silent(
                session,
                platform,
                person=person,
                kind=message.kind,
                changed=changed,
                post_source_id=message.post,
                parent_id=None,
                sent_at=message.sent_at,
                now=now,
            )
            await session.run_sync(
                insert_if_new,
                InboxItem,
                platform=platform,
                source_id=message.source_id,
                kind=message.kind,
                person=person,
                sent_at=message.sent_at,
                community_id=community.id if community else None,
                post_source_id=message.post,
                state=ReplyState.PENDING if reason is None else ReplyState.SKIPPED,
                recorded_at=now,
                due_at=now if reason is None else None,
                reason=reason,
            )

    async def _community_of(self, session: AsyncSession, message: Message) -> Community | None:
        if message.post is None:
            return None
        found: Community | None = await session.scalar(
            select(Community)
            .join(Post, Post.community_id == Community.id)
            .where(Post.platform == self._network.name, Post.source_id == message.post)
        )
        return found

    async def _do(
        self, session: AsyncSession, message: Message, person: str, now: datetime
    ) -> bool:
        """Do what somebody wishes about their data; return whether that changed anything.

        The newest wish counts, in whatever order they are read.
        """
        if message.kind is InboxKind.PREDICT:
            return False
        platform = self._network.name
        newer = select(InboxItem.id).where(
            InboxItem.platform == platform,
            InboxItem.person == person,
            InboxItem.kind.in_((InboxKind.OPT_OUT, InboxKind.OPT_IN)),
            InboxItem.sent_at > message.sent_at,
        )
        if await session.scalar(newer.limit(1)) is not None:
            return False
        if message.kind is InboxKind.OPT_IN:
            return await opt_in_in(session, platform=platform, person=person)
        done = await opt_out_in(session, platform=platform, person=person, now=now)
        return done.newly

    def _why_silent(self, message: Message, community: Community | None) -> str | None:
        if message.is_private:
            return PRIVATE
        if community is None:
            return NOT_FOLLOWED
        return self._replies.reason_not_to_write(community)
