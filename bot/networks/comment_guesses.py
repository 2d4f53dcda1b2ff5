"""Guesses by comment: each counts as of the moment at which it was written or last edited.

And only if guessing was open then. So nobody changes a guess afterwards, and one that is read late
counts all the same. When it was written its author's server says, which may be anybody's: what was
not there at the last look was not written before it.
"""

import logging
from collections import OrderedDict
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.core import Core
from bot.league.guesses import GuessRefused, guess_of, place_guess, withdraw_guess
from bot.networks.guarded import one_odd
from bot.networks.network import Message, Network
from bot.people.identity import hash_person
from bot.people.sealed_ids import keep_id, seal_id
from bot.runtime.clock import Clock
from storage.engine.database import Database
from storage.engine.scopes import person_scope
from storage.engine.upsert import insert_if_new
from storage.queries.communities import find_author
from storage.tables import Community, InboxItem, Post, Reply
from storage.types import Bucket, InboxKind, PlatformName, ReplyState

log = logging.getLogger(__name__)

#: A look at the comments of a community goes back to the last one, no further than so many pages.
_MAX_PAGES = 5
_MEMORY = 5_000
NOT_ANSWERED = "Guesses are not answered here."


async def place_said(
    database: Database,
    platform: PlatformName,
    *,
    post_id: int,
    person: str,
    bucket: Bucket,
    said_at: datetime,
    shown_at: datetime | None,
    clock: Clock,
) -> bool:
    """Place a guess as of the moment at which it was said; return whether it counts.

    Args:
        person: the keyed hash of who said it.
        shown_at: when the prediction was shown to all; None: it was not.
    """
    # Their clock may be ahead of ours by a little: it was said now.
    said_at = min(said_at, clock())
    earlier = await database.run_read(lambda session: guess_of(session, post_id, platform, person))
    if earlier is not None and earlier.guessed_at >= said_at:
        return False
    if earlier is not None and earlier.bucket is bucket:
        return True
    try:
        await place_guess(
            database,
            post_id=post_id,
            platform=platform,
            person=person,
            bucket=bucket,
            blind=shown_at is None or said_at <= shown_at,
            now=said_at,
        )
    except GuessRefused as refusal:
        log.info("A guess on post %s does not count: %s", post_id, refusal)
        return False
    return True


def shown_at(session: Session, post_id: int) -> datetime | None:
    """When the prediction of a post was shown to all; None: it was not."""
    reply = session.get(Reply, post_id)
    return None if reply is None else reply.sent_at


class CommentGuesses:
    """Takes guesses from comments and messages."""

    def __init__(self, network: Network, core: Core) -> None:
        self._network = network
        self._core = core
        #: Comments that were looked at, with the moment of their last edit.
        self._seen: OrderedDict[str, datetime] = OrderedDict()
        #: When the last look at a community that came to its end began.
        self._looked_at: dict[str, datetime] = {}

    async def read(self, community: Community) -> None:
        """Take the guesses under posts of a community that are new, or were edited.

        Raises:
            PlatformUnavailable, NetworkRefusal: as `Network` says.
        """
        began, looked_at = self._core.clock(), self._looked_at.get(community.source_id)
        after = None
        for _ in range(_MAX_PAGES):
            page = await self._network.comments(community.source_id, after)
            if page is None:
                return
            fresh = [each for each in page.items if self._seen.get(each.source_id) != each.sent_at]
            for said in reversed(fresh):
                async with one_odd(f"Comment {said.source_id}"):
                    await self.take(said, looked_at=looked_at)
                self._seen[said.source_id] = said.sent_at
                self._seen.move_to_end(said.source_id)
            while len(self._seen) > _MEMORY:
                self._seen.popitem(last=False)
            after = page.after
            if after is None or not fresh:
                break
        self._looked_at[community.source_id] = began

    async def take(self, said: Message, *, looked_at: datetime | None = None) -> bool:
        """Take what a comment guesses, or that it guesses nothing any more; return if it counts.

        Args:
            looked_at: when it was not there yet, or not what it is; None: nobody looked.
        """
        said_at = said.sent_at if looked_at is None else max(said.sent_at, looked_at)
        platform, key = self._network.name, self._core.people_key
        if said.post is None or said.author == await self._network.me():
            return False
        person = hash_person(key, platform, said.author)
        post = await self._database.run_read(lambda session: self._post(session, said))
        if post is None:
            return False
        if said.bucket is None:
            # A comment that guessed before, and was changed or deleted.
            return await self._is_known(said) and await withdraw_guess(
                self._database,
                post_id=post[0],
                platform=platform,
                person=person,
                now=said_at,
            )
        if not await self._note(said, person, post[1]):
            return False
        counts = await place_said(
            self._database,
            platform,
            post_id=post[0],
            person=person,
            bucket=said.bucket,
            said_at=said_at,
            shown_at=await self._database.run_read(lambda session: shown_at(session, post[0])),
            clock=self._core.clock,
        )
        if counts:
            sealed = seal_id(key, platform, said.author)
            async with self._database.write(alone_in=[person_scope(platform, person)]) as session:
                await session.run_sync(keep_id, platform, person, sealed)
        return counts

    @property
    def _database(self) -> Database:
        return self._core.database

    def _post(self, session: Session, said: Message) -> tuple[int, int] | None:
        query = select(Post.id, Post.community_id).filter_by(
            platform=self._network.name, source_id=said.post
        )
        row = session.execute(query).one_or_none()
        return None if row is None else (row[0], row[1])

    async def _is_known(self, said: Message) -> bool:
        query = select(InboxItem.id).filter_by(
            platform=self._network.name, source_id=said.source_id, kind=InboxKind.GUESS
        )
        async with self._database.read() as session:
            return await session.scalar(query) is not None

    async def _note(self, said: Message, person: str, community_id: int) -> bool:
        """Record the comment, whose guess may be changed later; return False if nothing is kept."""
        now = self._core.clock()

        def note(session: Session) -> bool:
            author = find_author(session, self._network.name, person)
            if author is not None and author.opted_out_at is not None:
                return False
            insert_if_new(
                session,
                InboxItem,
                platform=self._network.name,
                source_id=said.source_id,
                kind=InboxKind.GUESS,
                person=person,
                sent_at=said.sent_at,
                community_id=community_id,
                post_source_id=said.post,
                state=ReplyState.SKIPPED,
                recorded_at=now,
                due_at=None,
                reason=NOT_ANSWERED,
            )
            return True

        scopes = [person_scope(self._network.name, person)]
        return await self._database.run_write(note, alone_in=scopes)
