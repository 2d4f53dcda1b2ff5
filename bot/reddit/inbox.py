"""Messages to the bot: mentions, `!predict`, `!optout`; read here, answered in inbox_answers.py."""

from collections import OrderedDict
from datetime import timedelta

from sqlalchemy import select

from bot.core import Core
from bot.people.consent import has_opted_out, opt_in, opt_out
from bot.people.identity import hash_person
from bot.reddit.client import Item, RedditClient
from bot.reddit.communities import Communities
from bot.reddit.inbox_items import kind_of, message_name, post_of, subreddit_of
from bot.reddit.items import author_of, time_of
from bot.reddit.reply_rules import SWITCHED_OFF, ReplyRules
from storage.engine.upsert import insert_if_new
from storage.tables import Community, InboxItem
from storage.types import InboxKind, PlatformName, ReplyState

#: Messages are looked for as far back as this: somebody who wants to be left alone must be heard
#: after a weekend without us.
REACH = timedelta(days=14)

#: A question is answered within this time, or not at all.
FRESH = timedelta(hours=6)

MAX_PAGES = 10
MEMORY = 2_000


class Inbox:
    """Reads what people write to the bot; does what they ask about their data, at once."""

    def __init__(
        self, client: RedditClient, core: Core, communities: Communities, rules: ReplyRules
    ) -> None:
        self._client = client
        self._core = core
        self._database = core.database
        self._clock = core.clock
        self._communities = communities
        self._rules = rules
        self._read: OrderedDict[str, None] = OrderedDict()

    async def read(self) -> None:
        """Record new messages that ask for something, up to those that were read before.

        Raises:
            PlatformUnavailable: Reddit cannot be asked now.
        """
        after: str | None = None
        for _ in range(MAX_PAGES):
            page = await self._client.inbox(after)
            seen_before = False
            for item in page.items:
                name = message_name(item)
                if name is None:
                    continue
                if name in self._read:
                    seen_before = True
                    continue
                seen_before |= await self._record(name, item)
                self._read[name] = None
            while len(self._read) > MEMORY:
                self._read.popitem(last=False)
            times = [time for time in map(time_of, page.items) if time is not None]
            after = page.after
            if after is None or seen_before or not times:
                return
            if self._clock() - min(times) > REACH:
                return

    async def _record(self, name: str, item: Item) -> bool:
        """Record a message if it asks for something; return whether it was there already."""
        kind, sent_at, author = (
            kind_of(item, await self._client.me()),
            time_of(item),
            author_of(item),
        )
        if kind is None or sent_at is None or author is None:
            return False
        now = self._clock()
        if now - sent_at > (FRESH if kind is InboxKind.PREDICT else REACH):
            return False
        async with self._database.read() as session:
            known = select(InboxItem.id).filter_by(platform=PlatformName.REDDIT, source_id=name)
            if await session.scalar(known) is not None:
                return True
        person = hash_person(self._core.people_key, PlatformName.REDDIT, author)
        if kind is InboxKind.PREDICT:
            async with self._database.read() as session:
                if await has_opted_out(session, PlatformName.REDDIT, person):
                    return False
        community = await self._community(item)
        # What is asked for is done before it is noted: done twice it does no harm.
        if kind is InboxKind.OPT_OUT:
            await opt_out(self._database, platform=PlatformName.REDDIT, person=person, now=now)
        elif kind is InboxKind.OPT_IN:
            await opt_in(self._database, platform=PlatformName.REDDIT, person=person)
        reason = self._reason_not_to_answer(community)
        async with self._database.write() as session:
            await session.run_sync(
                insert_if_new,
                InboxItem,
                platform=PlatformName.REDDIT,
                source_id=name,
                kind=kind,
                community_id=community.id if community else None,
                post_source_id=post_of(item),
                state=ReplyState.PENDING if reason is None else ReplyState.SKIPPED,
                recorded_at=now,
                due_at=now if reason is None else None,
                reason=reason,
            )
        return False

    async def _community(self, item: Item) -> Community | None:
        name = subreddit_of(item)
        if name is None:
            return None
        if name.lower() in self._rules.denied:
            return await self._communities.find(name)
        return await self._communities.find_or_add(name)

    def _reason_not_to_answer(self, community: Community | None) -> str | None:
        if community is not None:
            return self._rules.reason_not_to_write(community)
        return "It was a private message." if self._rules.writes else SWITCHED_OFF
