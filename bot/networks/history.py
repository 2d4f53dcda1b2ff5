"""Imports of the past of a community, hashtag or feed that is watched.

A page of the listing is read at a time, and some of its posts are stored in each turn, so that what
is new is watched meanwhile. Where it has come to is noted with each turn: whoever goes on begins
there, and what was stored is not stored again.
"""

import logging
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from bot.core import Core
from bot.networks.errors import NetworkRefusal
from bot.networks.guarded import one_odd
from bot.networks.network import IMAGELESS, Network, SeenPost
from bot.networks.watch import incoming_of
from bot.operations.import_labels import label_imported
from bot.platform import PlatformUnavailable, ScoreRead
from bot.posts.history_imports import (
    claim_import,
    due_imports,
    end_import,
    let_go,
    note_progress,
    put_off,
)
from bot.posts.past_posts import PastPost, PastPosts
from bot.posts.pipeline import Pipeline
from bot.runtime.download import DownloadFailed
from bot.texts.translate import mark
from models.decoding import ImageUnread
from storage.tables import Community, HistoryImport

log = logging.getLogger(__name__)

#: How often it goes on.
EVERY = timedelta(seconds=5)
#: Posts that are stored in one turn, and how long it goes on for; what is new waits meanwhile.
_AT_ONCE, _TURN = 20, timedelta(seconds=10)
#: Posts that one import looks at: some feeds go round in a circle.
_MOST = 100_000
#: Posts that were looked at, and those whose image did not arrive.
LOOKED_AT, FAILED = "messages", "failed"

CLOSED = mark("It is not shown to Peoria's account.")


@dataclass(slots=True)
class _Page:
    """A page that was begun.

    Attributes:
        items: what is left of it.
        done: how many of its items were dealt with.
        token: where it begins; empty: it is the first.
        after: where the next one begins; None: it is the last.
    """

    items: list[SeenPost]
    done: int
    token: str
    after: str | None

    @property
    def place(self) -> str:
        """Where whoever goes on begins."""
        return f"{self.done} {self.token}"


class HistoryImports:
    """Goes on with imports, the oldest first.

    Args:
        most: posts that one import looks at, about.
    """

    def __init__(
        self, network: Network, core: Core, pipeline: Pipeline, *, most: int = _MOST
    ) -> None:
        self._network = network
        self._core = core
        self._pipeline = pipeline
        self._most = most
        self._past = PastPosts(
            core.database,
            core.images,
            core.serving,
            core.downloader,
            people_key=core.people_key,
            clock=core.clock,
        )
        #: What was read and is still to be stored, by import.
        self._pages: dict[int, _Page] = {}

    async def go_on(self) -> bool:
        """Do a piece of the oldest import; return whether there was one.

        Raises:
            PlatformUnavailable: the network cannot be asked now.
        """
        database, now = self._core.database, self._core.clock()
        async with database.read() as session:
            due = await due_imports(session, self._network.name, now)
        for row, community in due:
            if await claim_import(database, row.id, now):
                await self._do_a_piece(row, community)
                return True
        return False

    async def _do_a_piece(self, row: HistoryImport, community: Community) -> None:
        database, began = self._core.database, self._core.clock()
        try:
            page = await self._page(row, community)
        except PlatformUnavailable:
            await put_off(database, row.id, row.tries, self._core.clock())
            raise
        except NetworkRefusal:
            await end_import(database, row.id, self._core.clock(), fault=CLOSED)
            await label_imported(database, community, self._core.clock())
            return
        counts = Counter(row.counts)
        for _ in range(min(_AT_ONCE, len(page.items))):
            seen = page.items.pop(0)
            counts[LOOKED_AT] += 1
            page.done += 1
            async with one_odd(f"Post {seen.source_id}"):
                counts[await self._became(seen, community)] += 1
            if self._core.clock() - began >= _TURN:
                break
        if counts[LOOKED_AT] >= self._most:
            page = _Page([], 0, page.token, None)
        if not page.items and page.after is not None:
            page = _Page([], 0, page.after, page.after)
        if page.items or page.after is not None:
            going_on = await note_progress(
                database,
                row.id,
                place=community.source_id,
                after=page.place,
                counts=counts,
                now=self._core.clock(),
            )
            if going_on:
                if page.items:
                    self._pages[row.id] = page
                await let_go(database, row.id)
                return
        # It has come to its end, or somebody ended it.
        labels = await label_imported(database, community, self._core.clock())
        await end_import(database, row.id, self._core.clock(), counts=counts)
        log.info("The import of %s has ended with %s labels.", community.name, labels)

    async def _page(self, row: HistoryImport, community: Community) -> _Page:
        """The page that an import has come to: that in hand, if nobody else has gone on since."""
        page = self._pages.pop(row.id, None)
        if page is None or page.place != row.after:
            return await self._read(row, community)
        return page

    async def _read(self, row: HistoryImport, community: Community) -> _Page:
        """The page that an import has come to, without what is too old or was dealt with."""
        done, _, token = (row.after or "0 ").partition(" ")
        page = await self._network.newest(community.source_id, token or None)
        young = [each for each in page.items if each.posted_at >= row.since]
        is_last = page.oldest is None or page.oldest < row.since or page.after == token
        left = young[int(done) :]
        return _Page(left, int(done), token, None if is_last else page.after)

    async def _became(self, seen: SeenPost, community: Community) -> str:
        """Store a post of the past, or say why not."""
        now = self._core.clock()
        post = incoming_of(seen, community, now)
        if seen.skip in IMAGELESS:
            await self._pipeline.note_imageless(self._network.name, post)
        if seen.skip is not None:
            return PastPost.NO_IMAGE.value
        why = await self._past.why_not(community, post)
        if why is not None:
            return why.value
        if not isinstance(seen.reading, ScoreRead):
            return FAILED
        try:
            return (await self._past.store(community, post, seen.reading.score)).value
        except (DownloadFailed, ImageUnread) as error:
            log.info("An image of the past of %s does not arrive: %s", community.name, error)
            return FAILED
