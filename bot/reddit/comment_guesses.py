"""Guesses by comment: read, read again when they were edited, and closed when votes come in.

A guess counts as of the moment at which its comment was written or last edited, by Reddit's own
clock, and only if guessing was open then. So nobody changes a guess afterwards, and one that is
read late counts all the same.
"""

import logging
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.core import Core
from bot.league.guesses import guess_of, withdraw_guess
from bot.networks.comment_guesses import place_said, shown_at
from bot.networks.guess_words import guess_in
from bot.people.identity import hash_person
from bot.people.sealed_ids import keep_id, seal_id
from bot.reddit.client import PAGE, Item, RedditClient
from bot.reddit.inbox_items import message_name, post_of
from bot.reddit.items import author_of, time_of
from bot.reddit.options import ANSWER_GUESSES, GUESSES
from bot.reddit.reply_rules import ReplyRules
from storage.engine.scopes import person_scope
from storage.engine.upsert import insert_if_new
from storage.queries.communities import find_author
from storage.tables import Community, InboxItem, Post
from storage.types import UNLABELLED, Bucket, InboxKind, PlatformName, ReplyState

log = logging.getLogger(__name__)

#: A look at the comments of a subreddit goes back to the last one, no further than so many pages.
_MAX_PAGES = 5
#: Edits are noticed for this long after guessing has closed.
_AFTER_CLOSE = timedelta(hours=1)
_MEMORY = 5_000
#: Accounts that never guess.
_NOBODY = {"automoderator"}

NOT_ASKED = "Guesses are not answered here (answer_guesses)."


@dataclass(frozen=True, slots=True)
class _Said:
    """A guess as a comment says it."""

    name: str
    author: str
    bucket: Bucket
    at: datetime


class CommentGuesses:
    """Takes guesses from comments, where moderators want that."""

    def __init__(self, client: RedditClient, core: Core, rules: ReplyRules) -> None:
        self._client = client
        self._core = core
        self._database = core.database
        self._clock = core.clock
        self._rules = rules
        #: Comments that were looked at, by name, with their last edit.
        self._seen: OrderedDict[str, object] = OrderedDict()

    async def read(self, community: Community) -> int:
        """Take the new guesses in a subreddit; return how many.

        Raises:
            PlatformUnavailable, NotAllowed, NotThere: as `RedditClient` does.
        """
        if not community.options.get(GUESSES):
            return 0
        after: str | None = None
        taken = 0
        for _ in range(_MAX_PAGES):
            page = await self._client.comments(community.source_id, after)
            fresh = [each for each in page.items if self._is_new(each)]
            for item in reversed(fresh):
                taken += await self._take(item, community)
                self._remember(item)
            after = page.after
            if after is None or not fresh:
                break
        return taken

    async def read_again(self) -> int:
        """Look at the comments of open posts once more; return how many guesses changed.

        Raises:
            PlatformUnavailable: Reddit cannot be asked now.
        """
        since = self._clock() - _AFTER_CLOSE
        async with self._database.read() as session:
            rows = await session.execute(
                select(InboxItem.source_id, InboxItem.person, Post.id)
                .join(Post, Post.source_id == InboxItem.post_source_id)
                .where(
                    InboxItem.platform == PlatformName.REDDIT,
                    InboxItem.kind == InboxKind.GUESS,
                    InboxItem.person.is_not(None),
                    Post.platform == PlatformName.REDDIT,
                    Post.state.in_(UNLABELLED),
                    Post.guessing_closed_at > since,
                )
                .order_by(InboxItem.id)
            )
            waiting = {row[0]: (str(row[1]), int(row[2])) for row in rows}
        names = [*waiting]
        changed = 0
        for start in range(0, len(names), PAGE):
            items = await self._client.info(names[start : start + PAGE])
            for name in names[start : start + PAGE]:
                item = items.get(name)
                if item is not None:
                    changed += await self._look_again(item, *waiting[name])
        return changed

    def _is_new(self, item: Item) -> bool:
        name = message_name(item)
        return name is not None and (
            name not in self._seen or self._seen[name] != item.get("edited")
        )

    def _remember(self, item: Item) -> None:
        name = message_name(item)
        if name is not None:
            self._seen[name] = item.get("edited")
            self._seen.move_to_end(name)
        while len(self._seen) > _MEMORY:
            self._seen.popitem(last=False)

    async def _take(self, item: Item, community: Community) -> bool:
        said = _said(item)
        source_id = post_of(item)
        if said is None or source_id is None:
            return False
        if said.author.lower() in {(await self._client.me()).lower(), *_NOBODY}:
            return False
        post = await self._database.run_read(lambda session: _post(session, source_id))
        if post is None or post[0].community_id != community.id:
            return False
        key = self._core.people_key
        person = hash_person(key, PlatformName.REDDIT, said.author)
        await self._note(said, person, source_id, community)
        if not await self._place(post[0].id, person, said, post[1]):
            return False
        sealed = seal_id(key, PlatformName.REDDIT, said.author)
        async with self._database.write(
            alone_in=[person_scope(PlatformName.REDDIT, person)]
        ) as session:
            await session.run_sync(keep_id, PlatformName.REDDIT, person, sealed)
        return True

    async def _note(self, said: _Said, person: str, source_id: str, community: Community) -> None:
        """Record the comment, so that it is read again; and that it is answered, where wanted."""
        now = self._clock()
        reason = NOT_ASKED
        if community.options.get(ANSWER_GUESSES):
            reason = self._rules.reason_not_to_write(community) or ""

        def note(session: Session) -> None:
            author = find_author(session, PlatformName.REDDIT, person)
            if author is not None and author.opted_out_at is not None:
                # Nothing of theirs is kept.
                return
            insert_if_new(
                session,
                InboxItem,
                platform=PlatformName.REDDIT,
                source_id=said.name,
                kind=InboxKind.GUESS,
                person=person,
                sent_at=said.at,
                community_id=community.id,
                post_source_id=source_id,
                state=ReplyState.SKIPPED if reason else ReplyState.PENDING,
                recorded_at=now,
                due_at=None if reason else now,
                reason=reason or None,
            )

        scopes = [person_scope(PlatformName.REDDIT, person)]
        await self._database.run_write(note, alone_in=scopes)

    async def _place(
        self, post_id: int, person: str, said: _Said, seen_at: datetime | None
    ) -> bool:
        return await place_said(
            self._database,
            PlatformName.REDDIT,
            post_id=post_id,
            person=person,
            bucket=said.bucket,
            said_at=said.at,
            shown_at=seen_at,
            clock=self._clock,
        )

    async def _look_again(self, item: Item, person: str, post_id: int) -> bool:
        """Take over what became of a comment: an edit that was in time, or that it is gone."""
        now = self._clock()
        if author_of(item) is None or item.get("removed") is True:
            return await withdraw_guess(
                self._database,
                post_id=post_id,
                platform=PlatformName.REDDIT,
                person=person,
                now=now,
            )
        said = _said(item)
        if said is None:
            edited = _moment(item.get("edited"))
            return edited is not None and await withdraw_guess(
                self._database,
                post_id=post_id,
                platform=PlatformName.REDDIT,
                person=person,
                now=edited,
            )
        seen_at = await self._database.run_read(lambda session: shown_at(session, post_id))
        before = await self._database.run_read(
            lambda session: guess_of(session, post_id, PlatformName.REDDIT, person)
        )
        if before is not None and before.guessed_at >= said.at:
            return False
        return await self._place(post_id, person, said, seen_at)


def _said(item: Item) -> _Said | None:
    name, author, at = message_name(item), author_of(item), time_of(item)
    bucket = guess_in(item.get("body"))
    if name is None or author is None or at is None or bucket is None:
        return None
    return _Said(name, author, bucket, max(at, _moment(item.get("edited")) or at))


def _moment(value: object) -> datetime | None:
    """The last edit; Reddit says false where there was none."""
    found = time_of({"created_utc": value})
    return None if found is None else found.astimezone(UTC)


def _post(session: Session, source_id: str) -> tuple[Post, datetime | None] | None:
    """A post by its name, and when its prediction was shown to all."""
    post = session.scalar(select(Post).filter_by(platform=PlatformName.REDDIT, source_id=source_id))
    return None if post is None else (post, shown_at(session, post.id))
