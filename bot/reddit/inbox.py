"""Messages to the bot: mentions, `!predict`, `!optout`; each is answered once."""

import logging
import re
from collections import OrderedDict
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import func, select

from bot.core import Core
from bot.people.consent import has_opted_out, opt_in, opt_out
from bot.people.identity import hash_person
from bot.platform import PlatformUnavailable, PostGone, ReplyDeclined
from bot.posts.pipeline import Pipeline
from bot.reddit.client import Item, RedditClient
from bot.reddit.communities import BANNED_AT, Communities, community_ref
from bot.reddit.errors import NotAllowed, NotThere
from bot.reddit.items import Rules, Skip, author_of, read_item, time_of
from bot.reddit.replies import Replies, ReplyRules
from bot.reddit.texts import (
    OPT_IN,
    OPT_OUT,
    OPTED_IN,
    OPTED_OUT,
    PREDICT,
    STILL_WAITING,
    plain_text,
    prediction_text,
)
from bot.serving.forecast import stored_card
from bot.serving.phrases import STILL_SILENT
from storage.engine.upsert import insert_if_new
from storage.queries.posts import load_post
from storage.tables import Community, InboxItem, Post
from storage.types import InboxKind, PlatformName, PostState, ReplyState

log = logging.getLogger(__name__)

#: Messages are looked for as far back as this: somebody who wants to be left alone must be heard
#: after a weekend without us.
REACH = timedelta(days=14)

#: A question is answered within this time, or not at all.
FRESH = timedelta(hours=6)

MAX_PAGES = 10
MEMORY = 2_000

#: Answers under one post, so that nobody makes the bot talk without end.
ANSWERS_UNDER_A_POST = 3

#: Tries of one answer, and the wait before the second; they double.
MAX_TRIES = 8
FIRST_WAIT = timedelta(seconds=30)

_NAME = re.compile(r"t[14]_[0-9a-z]{1,13}")
_POST = re.compile(r"(?:t3_|/comments/)([0-9a-z]{1,13})(?:/|\Z)")
_SUBREDDIT = re.compile(r"[A-Za-z0-9_]{2,21}")

#: What people say, the strongest first: who says both wants to be left alone.
_WORDS = ((OPT_OUT, InboxKind.OPT_OUT), (OPT_IN, InboxKind.OPT_IN), (PREDICT, InboxKind.PREDICT))

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


class Inbox:
    """Reads what people write to the bot, and answers."""

    def __init__(
        self,
        client: RedditClient,
        core: Core,
        pipeline: Pipeline,
        communities: Communities,
        replies: Replies,
        rules: Rules,
        manners: ReplyRules,
    ) -> None:
        self._client = client
        self._core = core
        self._database = core.database
        self._clock = core.clock
        self._pipeline = pipeline
        self._communities = communities
        self._replies = replies
        self._rules = rules
        self._manners = manners
        self._read: OrderedDict[str, None] = OrderedDict()

    async def look(self) -> None:
        """Record new messages, and answer what is due.

        Raises:
            PlatformUnavailable: Reddit cannot be asked now.
        """
        await self._collect()
        await self._answer_due()

    async def _collect(self) -> None:
        """Record messages that ask for something, up to those that were read before."""
        after: str | None = None
        for _ in range(MAX_PAGES):
            page = await self._client.inbox(after)
            seen_before = False
            for item in page.items:
                name = item.get("name")
                if not isinstance(name, str) or not _NAME.fullmatch(name):
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
        kind, sent_at, author = _kind(item, await self._client.me()), time_of(item), author_of(item)
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
        reason = self._reason_for_silence(community)
        async with self._database.write() as session:
            await insert_if_new(
                session,
                InboxItem,
                platform=PlatformName.REDDIT,
                source_id=name,
                kind=kind,
                community_id=community.id if community else None,
                post_source_id=_post_of(item),
                state=ReplyState.PENDING if reason is None else ReplyState.SKIPPED,
                recorded_at=now,
                due_at=now if reason is None else None,
                reason=reason,
            )
        return False

    async def _community(self, item: Item) -> Community | None:
        name = item.get("subreddit")
        if not isinstance(name, str) or not _SUBREDDIT.fullmatch(name):
            return None
        if name.lower() in self._manners.denied:
            return await self._communities.find(name)
        return await self._communities.ensure(name)

    def _reason_for_silence(self, community: Community | None) -> str | None:
        if not self._manners.speaks:
            return "Replies on Reddit are switched off (PEORIA_REDDIT_REPLY)."
        if community is None:
            return "It was a private message."
        if community.source_id.lower() in self._manners.denied:
            return "Nothing is ever said in this subreddit (PEORIA_REDDIT_DENY)."
        if BANNED_AT in community.options:
            return "The account is banned from this subreddit."
        return None

    async def _answer_due(self) -> None:
        now = self._clock()
        async with self._database.read() as session:
            query = (
                select(InboxItem)
                .where(InboxItem.platform == PlatformName.REDDIT, InboxItem.due_at <= now)
                .order_by(InboxItem.due_at, InboxItem.id)
            )
            due = (await session.scalars(query)).all()
        for item in due:
            try:
                await self._answer(item)
            except PlatformUnavailable as error:
                log.info("Message %s is answered later (%s).", item.source_id, error)
                await self._later(item, error.retry_after)
            except (ReplyDeclined, PostGone) as error:
                await self._skip(item, str(error))
            except (NotAllowed, NotThere) as error:
                await self._skip(item, str(error))

    async def _answer(self, item: InboxItem) -> None:
        async with self._database.read() as session:
            community = await session.get_one(Community, item.community_id)
        answer_id = None
        if item.tries:
            answer_id = await self._replies.find_own(item.source_id, since=item.recorded_at)
        if answer_id is None:
            await self._replies.check_room(community, until=item.recorded_at + FRESH)
            text = await self._text(item, community)
            async with self._database.write() as session:
                # From here on it may have been sent.
                (await session.get_one(InboxItem, item.id)).tries = item.tries + 1
            answer_id = await self._replies.say(
                item.source_id, text, community, item.post_source_id or item.source_id
            )
        async with self._database.write() as session:
            kept = await session.get_one(InboxItem, item.id)
            kept.state, kept.answer_id = ReplyState.SENT, answer_id
            kept.answered_at, kept.due_at = self._clock(), None

    async def _text(self, item: InboxItem, community: Community) -> str:
        about = await self._replies.about()
        if item.kind is InboxKind.OPT_OUT:
            return plain_text(OPTED_OUT, about)
        if item.kind is InboxKind.OPT_IN:
            return plain_text(OPTED_IN, about)
        post = await self._post(item, community)
        if isinstance(post, str):
            return plain_text(post, about)
        if post.silent and post.label is None:
            return plain_text(STILL_SILENT, about)
        if not post.prediction_rows:
            return plain_text(post.refusal or STILL_WAITING, about)
        return prediction_text(stored_card(post.prediction_rows[0]), community.name, about)

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
            taken = await self._take_up(source_id, community)
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

    async def _take_up(self, source_id: str, community: Community) -> Post | str:
        info = (await self._client.info([source_id])).get(source_id)
        if info is None:
            raise ReplyDeclined("Reddit does not know the post.")
        # Whoever asks may be late, as long as the votes are not in.
        rules = replace(self._rules, max_age=timedelta(seconds=community.horizon_seconds))
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

    async def _find(self, source_id: str) -> Post | None:
        async with self._database.read() as session:
            query = select(Post.id).filter_by(platform=PlatformName.REDDIT, source_id=source_id)
            post_id = await session.scalar(query)
            return await load_post(session, post_id) if post_id is not None else None

    async def _answers_under(self, source_id: str) -> int:
        async with self._database.read() as session:
            query = select(func.count()).where(
                InboxItem.platform == PlatformName.REDDIT,
                InboxItem.post_source_id == source_id,
                InboxItem.kind == InboxKind.PREDICT,
                InboxItem.answered_at.is_not(None),
            )
            return (await session.scalars(query)).one()

    async def _later(self, item: InboxItem, after: timedelta | None) -> None:
        async with self._database.write() as session:
            kept = await session.get_one(InboxItem, item.id)
            if kept.tries >= MAX_TRIES:
                kept.state, kept.due_at = ReplyState.SKIPPED, None
                kept.reason = "Reddit could not be reached often enough."
                return
            kept.due_at = self._clock() + (after or FIRST_WAIT * 2**kept.tries)

    async def _skip(self, item: InboxItem, reason: str) -> None:
        async with self._database.write() as session:
            kept = await session.get_one(InboxItem, item.id)
            kept.state, kept.due_at, kept.reason = ReplyState.SKIPPED, None, reason


def _kind(item: Item, me: str) -> InboxKind | None:
    """What a message asks for; None where it asks for nothing, or is our own."""
    author = author_of(item)
    if author is None or author.lower() == me.lower():
        return None
    texts = [text for text in (item.get("subject"), item.get("body")) if isinstance(text, str)]
    # What somebody else said, and is only repeated, asks for nothing.
    lines = [line for text in texts for line in text.splitlines() if line.lstrip()[:1] != ">"]
    words = set(re.findall(r"(?<![\w!])!\w+", "\n".join(lines).lower()))
    for word, kind in _WORDS:
        if word in words:
            return kind
    return InboxKind.PREDICT if item.get("type") == "username_mention" else None


def _post_of(item: Item) -> str | None:
    """The submission that a comment was written under."""
    for place in (item.get("link_id"), item.get("context")):
        found = _POST.search(place) if isinstance(place, str) else None
        if found is not None:
            return f"t3_{found[1]}"
    return None
