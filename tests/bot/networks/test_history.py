"""Imports of the past, from listings that are not as they should be."""

from collections.abc import Sequence
from datetime import timedelta
from typing import cast

from sqlalchemy import select

from bot.app import build
from bot.communities import add_community
from bot.core import Core
from bot.networks.history import LOOKED_AT, HistoryImports
from bot.networks.network import Network, Page, SeenPost, Skip
from bot.platform import CommunityRef
from bot.posts.history_imports import begin_import, newest_import
from bot.runtime.clock import Clock
from storage.queries.communities import find_community
from storage.tables import HistoryImport
from storage.types import PlatformName

PLACE, HORIZON = "memes@lemmy.test", 3600


class Listing:
    """A network with pages of posts that are not taken.

    Attributes:
        pages: how many posts each holds; behind the last one the first one comes again.
        asked: which pages were asked for.
    """

    name = PlatformName.LEMMY

    def __init__(self, clock: Clock, pages: Sequence[int], *, is_endless: bool = False) -> None:
        self._clock = clock
        self._pages = pages
        self._is_endless = is_endless
        self.asked: list[int] = []

    async def newest(self, _: str, after: str | None) -> Page[SeenPost]:
        number = int(after or 0)
        self.asked.append(number)
        now = self._clock()
        posts = [
            SeenPost(f"{number} {n}", "ann", "words", now, skip=Skip.PINNED)
            for n in range(self._pages[number % len(self._pages)])
        ]
        is_last = number + 1 == len(self._pages) and not self._is_endless
        return Page(posts, now, None if is_last else str(number + 1))


async def begin(core: Core) -> int:
    """An import of a community; the community's id."""
    ref = CommunityRef(PLACE, "memes", horizon_seconds=HORIZON)
    await add_community(core.database, PlatformName.LEMMY, ref, now=core.clock())
    async with core.database.read() as session:
        community = await session.run_sync(find_community, PlatformName.LEMMY, PLACE)
    assert community is not None
    since = core.clock() - timedelta(days=30)
    await begin_import(core.database, community.id, since=since, shown_in={}, now=core.clock())
    return community.id


def imports(core: Core, listing: Listing, **limits: int) -> HistoryImports:
    return HistoryImports(cast("Network", listing), core, build(core).pipeline, **limits)


async def test_what_another_process_did_meanwhile_is_not_done_again(core: Core) -> None:
    await begin(core)
    listing = Listing(core.clock, [45, 25])
    here, there = imports(core, listing), imports(core, listing)
    for each in (here, there, there, there, here, here, there):
        await each.go_on()
    async with core.database.read() as session:
        ended = (await session.scalars(select(HistoryImport))).one()
    assert ended.ended_at is not None
    assert ended.counts == {LOOKED_AT: 70, "no_image": 70}


async def test_a_listing_without_end_ends(core: Core) -> None:
    community_id = await begin(core)
    work = imports(core, Listing(core.clock, [15], is_endless=True), most=100)
    for _ in range(20):
        await work.go_on()
    async with core.database.read() as session:
        ended = await newest_import(session, community_id)
    assert ended is not None
    assert ended.ended_at is not None
    assert ended.counts[LOOKED_AT] == 105
