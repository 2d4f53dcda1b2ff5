"""Imports of the past of a community, subreddit, hashtag or feed that is watched.

A page of the listing is read at a time, and some of its posts are stored in each turn, so that what
is new is watched meanwhile. Where it has come to is noted with each turn: whoever goes on begins
there, and what was stored is not stored again.
"""

import logging
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from bot.core import Core
from bot.networks.guarded import one_odd
from bot.networks.network import Page
from bot.operations.import_labels import label_imported
from bot.platform import IncomingPost, PlatformUnavailable, Reading, ScoreRead
from bot.posts.history_imports import (
    claim_import,
    due_imports,
    end_import,
    let_go,
    note_progress,
    put_off,
)
from bot.posts.past_posts import PastPost
from bot.posts.pipeline import Pipeline
from bot.runtime.download import DownloadFailed
from bot.texts.translate import mark
from models.decoding import ImageUnread
from storage.tables import Community, HistoryImport
from storage.types import PlatformName

log = logging.getLogger(__name__)

#: How often it goes on.
EVERY = timedelta(seconds=5)
#: Posts that are stored in one turn, and how long it goes on for; what is new waits meanwhile.
_AT_ONCE, _TURN = 20, timedelta(seconds=10)
#: Posts that one import looks at, and pages in a row that hold none: some feeds go round in a
#: circle, and some hold nothing for us and never end.
_MOST, _MOST_EMPTY = 100_000, 100
#: Tries in a row that failed, after which an import is given up: the pauses make it about a day.
_MOST_TRIES = 50
#: Keys of what is counted: posts that were looked at, those whose image did not arrive, and the
#: pages in a row that held no post.
LOOKED_AT, FAILED, _EMPTY = "messages", "failed", "empty"

CLOSED = mark("It is not shown to Peoria's account.")
GIVEN_UP = mark("It could not be read for a day.")


@dataclass(frozen=True, slots=True)
class Listed:
    """Something in a listing.

    Attributes:
        post: what it is; of what is no post for us its id, its author and its time.
        is_post: whether it is one that is taken.
        is_imageless: whether it is not, and counts in the records of posts all the same.
        reading: what is known of its score now; None where that makes no sense.
    """

    post: IncomingPost
    is_post: bool
    is_imageless: bool
    reading: Reading | None


class Listing(Protocol):
    """What a platform lists of the past of its communities.

    Attributes:
        name: the platform.
        refusals: what says that a community is closed to us.
    """

    name: PlatformName
    refusals: tuple[type[Exception], ...]

    async def page(self, community: Community, after: str | None) -> Page[Listed]:
        """A page of a community, the newest first.

        Raises:
            PlatformUnavailable: the platform cannot be asked now.
            refusals: it does not show that.
        """


@dataclass(slots=True)
class _Page:
    """A page that was begun.

    Attributes:
        items: what is left of it.
        begins: where it begins; None: it is the first.
        done: source id of the last of its items that was dealt with; None: none was.
        after: where the next one begins; None: it is the last.
    """

    items: list[Listed]
    begins: str | None
    done: str | None
    after: str | None


class HistoryImports:
    """Goes on with imports, the oldest first.

    Args:
        most: posts that one import looks at, about.
    """

    def __init__(
        self, listing: Listing, core: Core, pipeline: Pipeline, *, most: int = _MOST
    ) -> None:
        self._listing = listing
        self._core = core
        self._pipeline = pipeline
        self._most = most
        self._past = core.past_posts
        #: What was read and is still to be stored, by import.
        self._pages: dict[int, _Page] = {}

    async def go_on(self) -> bool:
        """Do a piece of the oldest import; return whether there was one.

        Raises:
            PlatformUnavailable: the platform cannot be asked now.
        """
        database, now = self._core.database, self._core.clock()
        async with database.read() as session:
            due = await due_imports(session, self._listing.name, now)
        for row, community in due:
            if await claim_import(database, row.id, now):
                await self._do_a_piece(row, community)
                return True
        return False

    async def _do_a_piece(self, row: HistoryImport, community: Community) -> None:
        database, began = self._core.database, self._core.clock()
        page = await self._page(row, community)
        if page is None:
            return
        counts = Counter(row.counts)
        if page.items:
            del counts[_EMPTY]
        else:
            counts[_EMPTY] += 1
        for _ in range(min(_AT_ONCE, len(page.items))):
            listed = page.items.pop(0)
            counts[LOOKED_AT] += 1
            page.done = listed.post.source_id
            async with one_odd(f"Post {listed.post.source_id}"):
                counts[await self._became(listed, community)] += 1
            if self._core.clock() - began >= _TURN:
                break
        is_endless = counts[LOOKED_AT] >= self._most or counts[_EMPTY] >= _MOST_EMPTY
        if not page.items and page.after is not None:
            page = _Page([], page.after, None, page.after)
        if not is_endless and (page.items or page.after is not None):
            going_on = await note_progress(
                database,
                row.id,
                place=community.source_id,
                page=page.begins,
                after=page.done,
                counts=counts,
                now=self._core.clock(),
            )
            if going_on:
                if page.items:
                    self._pages[row.id] = page
                await let_go(database, row.id)
                return
        # It has come to its end, or somebody ended it.
        await self._end(row, community, counts=counts)

    async def _end(
        self,
        row: HistoryImport,
        community: Community,
        *,
        counts: Counter[str] | None = None,
        fault: str | None = None,
    ) -> None:
        database = self._core.database
        labels = await label_imported(database, community, self._core.clock())
        await end_import(database, row.id, self._core.clock(), counts=counts, fault=fault)
        log.info("The import of %s has ended with %s labels.", community.name, labels)

    async def _page(self, row: HistoryImport, community: Community) -> _Page | None:
        """The page that an import has come to; None: it has no more, and was ended."""
        page = self._pages.pop(row.id, None)
        if page is not None and (page.begins, page.done) == (row.page, row.after):
            # Nobody else has gone on since.
            return page
        try:
            return await self._read(row, community)
        except PlatformUnavailable:
            if row.tries + 1 >= _MOST_TRIES:
                await self._end(row, community, fault=GIVEN_UP)
            else:
                await put_off(self._core.database, row.id, row.tries, self._core.clock())
            raise
        except self._listing.refusals:
            await self._end(row, community, fault=CLOSED)
            return None

    async def _read(self, row: HistoryImport, community: Community) -> _Page:
        """The page that an import has come to, without what is too old or was dealt with."""
        found = await self._listing.page(community, row.page)
        young = [each for each in found.items if each.post.posted_at >= row.since]
        ids = [each.post.source_id for each in young]
        # What was dealt with last may have been deleted since: then all of it is looked at again.
        done = ids.index(row.after) + 1 if row.after in ids else 0
        # One post may say that it is older than it is; a page of them has come to the end.
        is_last = found.after == row.page or (bool(found.items) and not young)
        return _Page(young[done:], row.page, row.after, None if is_last else found.after)

    async def _became(self, listed: Listed, community: Community) -> str:
        """Store a post of the past, or say why not."""
        if listed.is_imageless:
            await self._pipeline.note_imageless(self._listing.name, listed.post)
        if not listed.is_post:
            return PastPost.NO_IMAGE.value
        why = await self._past.why_not(community, listed.post)
        if why is not None:
            return why.value
        if not isinstance(listed.reading, ScoreRead):
            return FAILED
        try:
            return (await self._past.store(community, listed.post, listed.reading.score)).value
        except (DownloadFailed, ImageUnread) as error:
            log.info("An image of the past of %s does not arrive: %s", community.name, error)
            return FAILED
