"""Imports of the past, from listings that are not as they should be."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.app import build
from bot.communities import add_community
from bot.core import Core
from bot.networks.errors import NetworkRefusal
from bot.networks.history import GIVEN_UP, LOOKED_AT, HistoryImports, Listed
from bot.networks.network import Page
from bot.platform import CommunityRef, IncomingPost, PlatformUnavailable
from bot.posts.history_imports import begin_import, newest_import
from bot.runtime.clock import Clock
from storage.queries.communities import find_community
from storage.tables import Community, HistoryImport
from storage.types import PlatformName
from tests.fakes.clock import FakeClock

PLACE, HORIZON = "memes@lemmy.test", 3600


class Pages:
    """A listing with pages of what is no post.

    Attributes:
        pages: how many things each holds; behind the last one the first one comes again.
        deleted: ids of what is not shown any more.
        ancient: ids of what says that it is older than anything.
        is_away: whether it cannot be asked now.
    """

    name = PlatformName.LEMMY
    refusals: tuple[type[Exception], ...] = (NetworkRefusal,)

    def __init__(self, clock: Clock, pages: Sequence[int], *, is_endless: bool = False) -> None:
        self._clock = clock
        self._pages = pages
        self._is_endless = is_endless
        self.deleted: set[str] = set()
        self.ancient: set[str] = set()
        self.is_away = False

    async def page(self, community: Community, after: str | None) -> Page[Listed]:
        if self.is_away:
            raise PlatformUnavailable("it is away")
        number = int(after or 0)
        ids = [f"{number}-{n}" for n in range(self._pages[number % len(self._pages)])]
        items = [self._listed(community, each) for each in ids if each not in self.deleted]
        is_last = number + 1 == len(self._pages) and not self._is_endless
        return Page(items, self._clock(), None if is_last else str(number + 1))

    def _listed(self, community: Community, source_id: str) -> Listed:
        ref = CommunityRef(community.source_id, community.name, horizon_seconds=HORIZON)
        at = self._clock() - timedelta(days=9_000 if source_id in self.ancient else 0)
        post = IncomingPost(
            community=ref, source_id=source_id, author="ann", title="", posted_at=at, images=()
        )
        return Listed(post, is_post=False, is_imageless=False, reading=None)


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


def imports(core: Core, listing: Pages, **limits: int) -> HistoryImports:
    return HistoryImports(listing, core, build(core).pipeline, **limits)


async def the_import(core: Core) -> HistoryImport:
    async with core.database.read() as session:
        return (await session.scalars(select(HistoryImport))).one()


async def test_what_another_process_did_meanwhile_is_not_done_again(core: Core) -> None:
    await begin(core)
    listing = Pages(core.clock, [45, 25])
    here, there = imports(core, listing), imports(core, listing)
    for each in (here, there, there, there, here, here, there):
        await each.go_on()
    ended = await the_import(core)
    assert ended.ended_at is not None
    assert ended.counts == {LOOKED_AT: 70, "no_image": 70}


async def test_what_is_deleted_or_misdated_meanwhile_hides_nothing_else(core: Core) -> None:
    await begin(core)
    listing = Pages(core.clock, [45, 0, 25])
    listing.ancient = {"0-30", "2-0"}
    await imports(core, listing).go_on()
    listing.deleted = {"0-3", "0-4"}
    for _ in range(6):
        await imports(core, listing).go_on()
    ended = await the_import(core)
    assert ended.ended_at is not None
    # All but the two that say that they are older than what is wanted.
    assert ended.counts[LOOKED_AT] == 45 - 1 + 25 - 1


@pytest.mark.parametrize(("page", "looked_at"), [(15, 105), (0, 0)])
async def test_a_listing_without_end_ends(core: Core, page: int, looked_at: int) -> None:
    """It goes round in a circle, or holds nothing and says each time that there is more."""
    community_id = await begin(core)
    work = imports(core, Pages(core.clock, [page], is_endless=True), most=100)
    for _ in range(101):
        await work.go_on()
    async with core.database.read() as session:
        ended = await newest_import(session, community_id)
    assert ended is not None
    assert ended.ended_at is not None
    assert ended.counts.get(LOOKED_AT, 0) == looked_at


async def test_what_cannot_be_read_for_a_day_is_given_up(core: Core, clock: FakeClock) -> None:
    await begin(core)
    listing = Pages(core.clock, [5])
    listing.is_away = True
    work, began, tries = imports(core, listing), core.clock(), 0
    while (await the_import(core)).ended_at is None:
        with pytest.raises(PlatformUnavailable):
            await work.go_on()
        tries += 1
        clock.forward(1800)
    assert (await the_import(core)).fault == GIVEN_UP
    assert tries == 50
    assert core.clock() - began > timedelta(days=1)
