"""Imports of a subreddit's past that somebody asked for on the board or in a message.

A page of the listing is read at a time, and some of its posts are stored in each turn, so that
what is new is watched meanwhile. What was stored is not stored again, whoever goes on.
"""

import logging
from collections import Counter
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.core import Core
from bot.operations.import_labels import label_imported
from bot.platform import IncomingPost, PlatformUnavailable, ScoreRead
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
from bot.reddit.client import Item, RedditClient
from bot.reddit.communities import community_ref
from bot.reddit.errors import NotAllowed, NotThere
from bot.reddit.items import IMAGELESS, Rules, Skip, read_imageless, read_item, time_of
from bot.reddit.options import rules_for
from bot.reddit.score_reader import read_score
from bot.runtime.download import DownloadFailed
from models.decoding import ImageUnread
from storage.tables import Community, HistoryImport
from storage.types import PlatformName

log = logging.getLogger(__name__)

#: How often it goes on.
EVERY = timedelta(seconds=5)
#: Posts that are stored in one turn.
_AT_ONCE = 20
#: Posts of any age are taken.
_EVER = timedelta(days=365 * 30)
#: Posts that were looked at, and those whose image did not arrive.
LOOKED_AT, FAILED = "messages", "failed"

_CLOSED = "Reddit does not show the subreddit to this account."


@dataclass(slots=True)
class _Page:
    """What is left of a page, and where the next one begins."""

    items: list[Item]
    after: str | None


class HistoryImports:
    """Goes on with imports, the oldest first."""

    def __init__(self, client: RedditClient, core: Core, pipeline: Pipeline, rules: Rules) -> None:
        self._client = client
        self._core = core
        self._pipeline = pipeline
        self._rules = replace(rules, max_age=_EVER)
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
            PlatformUnavailable: Reddit cannot be asked now.
        """
        database, now = self._core.database, self._core.clock()
        async with database.read() as session:
            due = await due_imports(session, PlatformName.REDDIT, now)
        # One that we have in hand is claimed, and goes on all the same.
        for row, community in due:
            if await claim_import(database, row.id, now):
                await self._do_a_piece(row, community)
                return True
        return False

    async def _do_a_piece(self, row: HistoryImport, community: Community) -> None:
        database = self._core.database
        try:
            page = self._pages.get(row.id) or await self._read(row, community)
        except PlatformUnavailable:
            await put_off(database, row.id, row.tries, self._core.clock())
            raise
        except (NotAllowed, NotThere):
            await end_import(database, row.id, self._core.clock(), fault=_CLOSED)
            await label_imported(database, community, self._core.clock())
            return
        counts = Counter(row.counts)
        piece, page.items = page.items[:_AT_ONCE], page.items[_AT_ONCE:]
        for item in piece:
            await self._store(item, community, counts)
        if page.items:
            self._pages[row.id] = page
            after: str | None = row.after
        else:
            self._pages.pop(row.id, None)
            after = page.after
        if page.items or page.after is not None:
            going_on = await note_progress(
                database,
                row.id,
                place=community.source_id,
                after=after or "",
                counts=counts,
                now=self._core.clock(),
            )
            if going_on:
                await let_go(database, row.id)
                return
        # It has come to its end, or somebody ended it.
        self._pages.pop(row.id, None)
        labels = await label_imported(database, community, self._core.clock())
        await end_import(database, row.id, self._core.clock(), counts=counts)
        log.info("The import of %s has ended with %s labels.", community.name, labels)

    async def _read(self, row: HistoryImport, community: Community) -> _Page:
        """The next page, without posts that are too old; after the last one there is none."""
        page = await self._client.new(community.source_id, row.after or None)
        young = [
            item for item in page.items if (at := time_of(item)) is not None and at >= row.since
        ]
        is_last = len(young) < len(page.items) or not page.items
        return _Page(young, None if is_last else page.after)

    async def _store(self, item: Item, community: Community, counts: Counter[str]) -> None:
        now = self._core.clock()
        counts[LOOKED_AT] += 1
        place = community_ref(community)
        # When a flair was given nobody can tell afterwards: it may be what became of the post.
        rules = replace(rules_for(community, self._rules), flair=False)
        taken = read_item(item, place, rules, now)
        if isinstance(taken, Skip):
            bare = read_imageless(item, place, now) if taken in IMAGELESS else None
            if bare is not None:
                await self._pipeline.note_imageless(PlatformName.REDDIT, bare)
            counts[PastPost.NO_IMAGE.value] += 1
            return
        counts[await self._became(taken, item, community)] += 1

    async def _became(self, post: IncomingPost, item: Item, community: Community) -> str:
        why = await self._past.why_not(community, post)
        if why is not None:
            return why.value
        read = read_score(item, self._core.clock())
        if not isinstance(read, ScoreRead):
            return FAILED
        try:
            return (await self._past.store(community, post, read.score)).value
        except (DownloadFailed, ImageUnread) as error:
            log.info("An image of the past of %s does not arrive: %s", community.name, error)
            return FAILED
