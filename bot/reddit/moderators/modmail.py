"""Messages of moderators: what they ask for is done once, and answered in modmail_answers.py."""

import logging
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.audit import Action, Actor
from bot.communities import pause_replies, resume_replies
from bot.core import Core
from bot.people.identity import hash_person
from bot.people.sealed_ids import seal_id
from bot.reddit.client import RedditClient
from bot.reddit.communities import Communities
from bot.reddit.errors import NotAllowed, NotThere
from bot.reddit.moderators.commands import moderators_command
from bot.reddit.moderators.roster import Roster
from bot.reddit.reply_rules import ReplyRules
from bot.subreddits import CHOSEN_AT
from storage.engine.scopes import community_scope
from storage.engine.upsert import insert_if_new
from storage.tables import Community, HistoryImport, InboxItem
from storage.types import InboxKind, PlatformName, ReplyState

log = logging.getLogger(__name__)

#: Messages that are older are not obeyed any more.
FRESH = timedelta(days=2)
_MEMORY = 1_000
#: Conversations that are read at most in one look.
_AT_ONCE = 20

PAUSED_BY = "A moderator asked for it."
#: What the audit log says of what moderators change by a message.
_CHANGES: Mapping[InboxKind, tuple[Action, Mapping[str, str]]] = {
    InboxKind.PAUSE: (Action.SETTINGS, {"paused": "on"}),
    InboxKind.RESUME: (Action.SETTINGS, {"paused": "off"}),
    InboxKind.WATCH: (Action.WATCH, {}),
    InboxKind.UNWATCH: (Action.UNWATCH, {}),
    InboxKind.IMPORT: (Action.IMPORT, {}),
}


@dataclass(frozen=True, slots=True)
class _Wish:
    """What a moderator asks for in a message.

    Attributes:
        name: of the message, as it is recorded.
        days: how far back an import goes.
    """

    name: str
    conversation: str
    subreddit: str
    author: str
    sent_at: datetime
    kind: InboxKind
    days: int


class Modmail:
    """Reads conversations with the moderators of every subreddit that we moderate."""

    def __init__(
        self,
        client: RedditClient,
        core: Core,
        communities: Communities,
        rules: ReplyRules,
        roster: Roster,
    ) -> None:
        self._client = client
        self._core = core
        self._communities = communities
        self._rules = rules
        self._roster = roster
        #: Conversations as they were when they were read last.
        self._seen: OrderedDict[str, str] = OrderedDict()

    async def read(self) -> bool:
        """Do what new messages of moderators ask for; return whether there are any at all.

        Raises:
            PlatformUnavailable, NotAllowed: Reddit cannot be asked now, or does not show us any.
        """
        answer = await self._client.modmail()
        found = answer.get("conversations") if isinstance(answer, dict) else None
        oldest = self._core.clock() - FRESH
        due: list[tuple[datetime, str, str]] = []
        for name, each in [*found.items()] if isinstance(found, dict) else []:
            changed = each.get("lastUpdated") if isinstance(each, dict) else None
            at = moment_of(changed)
            if at is not None and at >= oldest and self._seen.get(name) != changed:
                due.append((at, str(name), str(changed)))
        wishes: list[_Wish] = []
        read: dict[str, str] = {}
        # The rest has its turn the next time: what is new is watched meanwhile.
        for _, name, changed in sorted(due)[:_AT_ONCE]:
            try:
                wishes += await self._wishes_of(name)
            except (NotAllowed, NotThere) as error:
                # One that is out of sight keeps no other from being read.
                log.info("Conversation %s cannot be read now: %s", name, error)
            else:
                read[name] = changed
        # Wishes are done in the order in which they were made, whatever conversation they are in.
        for wish in sorted(wishes, key=lambda wish: wish.sent_at):
            await self._do(wish)
        for name, changed in read.items():
            self._seen[name] = changed
            self._seen.move_to_end(name)
        while len(self._seen) > _MEMORY:
            self._seen.popitem(last=False)
        return bool(found)

    async def _wishes_of(self, conversation: str) -> list[_Wish]:
        """What moderators ask for in a conversation."""
        whole = await self._client.conversation(conversation)
        head = whole.get("conversation") if isinstance(whole, dict) else None
        owner = head.get("owner") if isinstance(head, dict) else None
        subreddit = owner.get("displayName") if isinstance(owner, dict) else None
        if not isinstance(head, dict) or not isinstance(subreddit, str):
            return []
        if subreddit.lower() in self._rules.denied:
            return []
        wishes: list[_Wish] = []
        me = await self._client.me()
        subject = str(head.get("subject") or "").lower()
        ours = "peoria" in subject or me.lower() in subject
        for message in messages_of(whole):
            author = _author(message)
            asked = moderators_command(message.get("bodyMarkdown"), me=me, ours=ours)
            at = moment_of(message.get("date"))
            if asked is None or author is None or at is None or author.lower() == me.lower():
                continue
            if at < self._core.clock() - FRESH:
                continue
            # Their word for it, and the list of moderators: a guest may write here, too.
            if not await self._roster.is_moderator(subreddit, author):
                continue
            kind, days = asked
            name = f"modmail_{message['id']}"
            wishes.append(_Wish(name, conversation, subreddit, author, at, kind, days))
        return wishes

    async def _do(self, wish: _Wish) -> None:
        """Do what a message asks for, and record it in the same transaction."""
        found = await self._communities.find_or_add(wish.subreddit)
        now = self._core.clock()
        async with self._core.database.write(alone_in=[community_scope(found.id)]) as session:
            known = select(InboxItem.id).filter_by(
                platform=PlatformName.REDDIT, source_id=wish.name
            )
            if await session.scalar(known) is not None:
                return
            community = await session.get_one(Community, found.id)
            await self._change(session, community, wish.kind, wish.days, now)
            await session.run_sync(
                insert_if_new,
                InboxItem,
                platform=PlatformName.REDDIT,
                source_id=wish.name,
                kind=wish.kind,
                person=hash_person(self._core.people_key, PlatformName.REDDIT, wish.author),
                sent_at=wish.sent_at,
                community_id=community.id,
                post_source_id=wish.conversation,
                state=ReplyState.PENDING,
                recorded_at=now,
                due_at=now,
            )
        log.info("A moderator of %s asked for %s.", found.name, wish.kind.value)
        if wish.kind in _CHANGES:
            action, details = _CHANGES[wish.kind]
            key = self._core.people_key
            person = hash_person(key, PlatformName.REDDIT, wish.author)
            actor = Actor(
                PlatformName.REDDIT,
                person=person,
                sealed_id=seal_id(key, PlatformName.REDDIT, wish.author),
            )
            await self._core.audit.note(actor, action, community_id=found.id, details=details)

    async def _change(
        self, session: AsyncSession, community: Community, kind: InboxKind, days: int, now: datetime
    ) -> None:
        match kind:
            case InboxKind.PAUSE if community.paused_at is None:
                pause_replies(community, PAUSED_BY, now)
            case InboxKind.RESUME:
                resume_replies(community)
            case InboxKind.WATCH:
                community.watched = True
                community.options = {**community.options, CHOSEN_AT: now.isoformat()}
            case InboxKind.UNWATCH:
                community.watched = False
            case InboxKind.IMPORT:
                await session.run_sync(
                    insert_if_new,
                    HistoryImport,
                    community_id=community.id,
                    asked_at=now,
                    since=now - timedelta(days=days),
                    tries=0,
                    counts={},
                    shown_in={},
                )
            case _:
                pass


def messages_of(whole: Any) -> Iterator[Mapping[str, Any]]:
    """The messages of a conversation that have an id, the oldest first."""
    found = whole.get("messages") if isinstance(whole, dict) else None
    each = [
        message
        for message in (found.values() if isinstance(found, dict) else ())
        if isinstance(message, dict) and isinstance(message.get("id"), str)
    ]
    return iter(sorted(each, key=lambda message: str(message.get("date"))))


def _author(message: Mapping[str, Any]) -> str | None:
    author = message.get("author")
    if not isinstance(author, dict) or not author.get("isMod") or author.get("isDeleted"):
        return None
    name = author.get("name")
    return name if isinstance(name, str) and name else None


def moment_of(value: object) -> datetime | None:
    """A moment as modmail tells it; None where that makes no sense."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return None if found.tzinfo is None else found
