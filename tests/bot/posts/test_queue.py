"""Posts that wait for their next step: one community does not hold up another."""

import asyncio
from dataclasses import replace

import pytest

from bot.app import App
from bot.platform import CommunityRef, PostRef
from bot.serving.forecast import Card
from storage.queries.posts import CLAIMED_FOR
from storage.types import PlatformName
from tests.fakes.clock import FakeClock
from tests.fakes.platform import FakePlatform, incoming
from tests.fixtures import images

PICTURE = images.encode(images.photo(), "PNG")


class Gated(FakePlatform):
    """A platform that keeps replies in one community waiting, as a rate limit does."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock)
        self.opened = asyncio.Event()
        self.asked: list[str] = []
        self.kept_waiting = asyncio.Event()
        self.replied: asyncio.Queue[str] = asyncio.Queue()

    async def reply(self, post: PostRef, card: Card, *, sent_before: bool) -> str:
        self.asked.append(post.source_id)
        if post.community_source_id == "slow":
            self.kept_waiting.set()
            await self.opened.wait()
        reply_id = await super().reply(post, card, sent_before=sent_before)
        self.replied.put_nowait(post.source_id)
        return reply_id


@pytest.fixture
def platform(clock: FakeClock) -> Gated:
    return Gated(clock)


@pytest.fixture
async def posted(app: App, clock: FakeClock) -> None:
    """Two posts in a community that is kept waiting, then two in another."""
    for name in ("slow 1", "slow 2", "quick 1", "quick 2"):
        post = incoming(name, PICTURE, posted_at=clock())
        community = CommunityRef(name.partition(" ")[0], name)
        assert await app.pipeline.accept(PlatformName.REDDIT, replace(post, community=community))
        clock.forward(1)


@pytest.mark.usefixtures("posted")
async def test_a_community_that_is_kept_waiting_holds_up_no_other(
    app: App, platform: Gated
) -> None:
    tick = asyncio.create_task(app.jobs.advance_posts())
    async with asyncio.timeout(30):
        assert [await platform.replied.get() for _ in range(2)] == ["quick 1", "quick 2"]
        assert "slow 2" not in platform.asked, "in its turn"
        assert not tick.done()
        platform.opened.set()
        assert await tick == 4
    assert [await platform.replied.get() for _ in range(2)] == ["slow 1", "slow 2"]


@pytest.mark.usefixtures("posted")
async def test_a_lane_that_goes_on_is_left_alone_by_the_next_tick(
    app: App, platform: Gated, clock: FakeClock
) -> None:
    tick = asyncio.create_task(app.jobs.advance_posts())
    async with asyncio.timeout(30):
        await platform.replied.get()
        await platform.replied.get()
        # Before it is stored what was predicted, the slow one would be claimed like the other.
        await platform.kept_waiting.wait()
        # Returns once the second quick one is on record as replied to.
        await app.pipeline.advance(4)
        assert await app.jobs.advance_posts() == 0
        await app.jobs.stop()
        assert await tick == 4, "a lane that was let go of ends its tick"
        platform.opened.set()
        assert await app.jobs.advance_posts() == 1, "the one under way is due again"
        clock.forward(CLAIMED_FOR.total_seconds())
        assert await app.jobs.advance_posts() == 1, "and what it had claimed, a little later"
    assert sorted(platform.asked) == ["quick 1", "quick 2", "slow 1", "slow 1", "slow 2"]


@pytest.mark.usefixtures("posted")
async def test_what_waits_longer_in_a_lane_than_it_is_claimed_for_is_due_again(
    app: App, platform: Gated, clock: FakeClock
) -> None:
    tick = asyncio.create_task(app.jobs.advance_posts())
    async with asyncio.timeout(30):
        for _ in range(2):
            await platform.replied.get()
        clock.forward(CLAIMED_FOR.total_seconds())
        platform.opened.set()
        assert await tick == 4
        assert await platform.replied.get() == "slow 1"
        assert "slow 2" not in platform.asked, "another process may have it by now"
        assert await app.jobs.advance_posts() == 1
    assert await platform.replied.get() == "slow 2"


@pytest.mark.usefixtures("posted")
async def test_a_post_that_somebody_is_about_to_advance_is_left_to_them(app: App) -> None:
    with app.pipeline.reserve(3), app.pipeline.reserve(4), app.pipeline.reserve(1):
        assert app.pipeline.reserved == {1, 3, 4}
        with app.pipeline.reserve(2):
            assert await app.jobs.advance_posts() == 0
