"""Messages to the bot: mentions, `!predict`, `!optout`; read here, answered in inbox_answers.py."""

import logging
from collections import OrderedDict
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.core import Core
from bot.networks.answer_limits import reason_to_be_silent
from bot.people.consent import has_opted_out, opt_in_in, opt_out_in
from bot.people.identity import hash_person
from bot.platform import PlatformUnavailable
from bot.reddit.client import Item, RedditClient
from bot.reddit.communities import Communities
from bot.reddit.inbox_items import is_private, kind_of, message_name, post_of, subreddit_of
from bot.reddit.items import author_of, time_of
from bot.reddit.reply_rules import DENIED, SWITCHED_OFF, ReplyRules
from storage.engine.scopes import EVERYTHING, person_scope
from storage.engine.upsert import insert_if_new
from storage.tables import Community, InboxItem
from storage.types import InboxKind, PlatformName, ReplyState

log = logging.getLogger(__name__)

#: Messages are looked for as far back as this: somebody who wants to be left alone must be heard
#: after a weekend without us.
REACH = timedelta(days=14)

#: A question is answered within this time, or not at all.
FRESH = timedelta(hours=6)

#: A message may turn up later than one that was written after it, by no more than this.
DISORDER = timedelta(hours=1)

MAX_PAGES = 10
MEMORY = 2_000


class Inbox:
    """Reads what people write to the bot; does what they ask about their data, at once.

    Every look goes back to the newest message of the last look that came to its end, and the first
    one after a start as far as `REACH`. So a look that breaks off anywhere is begun again, and what
    it did not come to is found by the next.
    """

    def __init__(
        self, client: RedditClient, core: Core, communities: Communities, rules: ReplyRules
    ) -> None:
        self._client = client
        self._core = core
        self._database = core.database
        self._clock = core.clock
        self._communities = communities
        self._rules = rules
        self._handled: OrderedDict[str, None] = OrderedDict()
        #: Everything that was sent before this has been handled; None: that is not known.
        self._mark: datetime | None = None

    async def read(self) -> None:
        """Record new messages that ask for something, up to those that were read before.

        Raises:
            PlatformUnavailable: Reddit cannot be asked now.
        """
        began = self._clock()
        reach = began - REACH if self._mark is None else self._mark - DISORDER
        after: str | None = None
        mark = self._mark
        failed: list[datetime] = []
        for _ in range(MAX_PAGES):
            page = await self._client.inbox(after)
            # Listings begin with the newest; wishes are done in the order in which they were made.
            for item in reversed(page.items):
                sent_at = time_of(item)
                if not await self._handle(item):
                    failed.append(sent_at or began)
                elif sent_at is not None and sent_at <= began:
                    mark = max(mark or sent_at, sent_at)
            times = [time for time in map(time_of, page.items) if time is not None]
            after = page.after
            if after is None or not times or min(times) < reach:
                break
        # Only now: a look that was cut short reaches as far back as this one.
        self._mark = min([mark, *failed]) if mark is not None else None
        while len(self._handled) > MEMORY:
            self._handled.popitem(last=False)

    async def _handle(self, item: Item) -> bool:
        """Do what one message asks for; return whether it is done. It may have been done before.

        Raises:
            PlatformUnavailable: Reddit cannot be asked now.
        """
        name = message_name(item)
        if name is None or name in self._handled:
            return True
        try:
            await self._record(name, item)
        except PlatformUnavailable:
            raise
        except Exception:
            # The next look comes to it again; the other messages do not wait for it.
            log.exception("Message %s could not be handled; it is tried again.", name)
            return False
        self._handled[name] = None
        return True

    async def _record(self, name: str, item: Item) -> None:
        """Do what a message asks for and record it, once."""
        kind, sent_at, author = (
            kind_of(item, await self._client.me()),
            time_of(item),
            author_of(item),
        )
        if kind is None or sent_at is None or author is None:
            return
        now = self._clock()
        if now - sent_at > (FRESH if kind is InboxKind.PREDICT else REACH):
            return
        person = hash_person(self._core.people_key, PlatformName.REDDIT, author)
        async with self._database.read() as session:
            known = select(InboxItem.id).filter_by(platform=PlatformName.REDDIT, source_id=name)
            if await session.scalar(known) is not None:
                return
            if kind is InboxKind.PREDICT and await has_opted_out(
                session, PlatformName.REDDIT, person
            ):
                return
        community = await self._community(item)
        silent = self._reason_not_to_answer(item, community)
        # A wish about their data changes rows of every kind.
        person_alone = [person_scope(PlatformName.REDDIT, person)]
        scopes = person_alone if kind is InboxKind.PREDICT else EVERYTHING
        async with self._database.write(alone_in=scopes) as session:
            changed = await self._do(session, kind, person, sent_at, now)
            reason = silent or await reason_to_be_silent(
                session,
                PlatformName.REDDIT,
                person=person,
                kind=kind,
                changed=changed,
                post_source_id=post_of(item),
                parent_id=item.get("parent_id"),
                sent_at=sent_at,
                now=now,
            )
            await session.run_sync(
                insert_if_new,
                InboxItem,
                platform=PlatformName.REDDIT,
                source_id=name,
                kind=kind,
                person=person,
                sent_at=sent_at,
                community_id=community.id if community else None,
                post_source_id=post_of(item),
                state=ReplyState.PENDING if reason is None else ReplyState.SKIPPED,
                recorded_at=now,
                due_at=now if reason is None else None,
                reason=reason,
            )

    async def _do(
        self,
        session: AsyncSession,
        kind: InboxKind,
        person: str,
        sent_at: datetime,
        now: datetime,
    ) -> bool:
        """Do what somebody wishes about their data; return whether that changed anything.

        The newest wish counts, in whatever order they are read.
        """
        if kind is InboxKind.PREDICT:
            return False
        newer = select(InboxItem.id).where(
            InboxItem.platform == PlatformName.REDDIT,
            InboxItem.person == person,
            InboxItem.kind.in_((InboxKind.OPT_OUT, InboxKind.OPT_IN)),
            InboxItem.sent_at > sent_at,
        )
        if await session.scalar(newer.limit(1)) is not None:
            return False
        if kind is InboxKind.OPT_IN:
            return await opt_in_in(session, platform=PlatformName.REDDIT, person=person)
        done = await opt_out_in(session, platform=PlatformName.REDDIT, person=person, now=now)
        return done.newly

    async def _community(self, item: Item) -> Community | None:
        name = subreddit_of(item)
        if name is None or is_private(item):
            return None
        if name.lower() in self._rules.denied:
            return await self._communities.find(name)
        return await self._communities.find_or_add(name)

    def _reason_not_to_answer(self, item: Item, community: Community | None) -> str | None:
        if not self._rules.writes:
            return SWITCHED_OFF
        if is_private(item):
            return "It was a private message."
        name = subreddit_of(item)
        if name is None:
            return "Reddit did not say where it was written."
        if name.lower() in self._rules.denied or community is None:
            return DENIED
        return self._rules.reason_not_to_write(community)
