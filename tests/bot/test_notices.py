"""What admins are told: once, by every platform that is there."""

import logging
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from bot.app import App
from bot.core import Core
from bot.notices import CLAIMED_FOR, STALE, NoticeKind, Notices, add_notice
from storage.tables import Community, Notice
from storage.types import PlatformName
from tests.fakes.clock import FakeClock
from tests.fakes.platform import FakePlatform
from tests.fixtures.rows import row


class Broken(FakePlatform):
    async def announce(
        self, text: str, community_source_id: str | None, *, told_since: datetime | None
    ) -> None:
        raise RuntimeError("it is broken")


@pytest.fixture
def other(clock: FakeClock) -> FakePlatform:
    """A second platform."""
    return FakePlatform(clock)


@pytest.fixture
def notices(core: Core, platform: FakePlatform, other: FakePlatform, clock: FakeClock) -> Notices:
    platforms = {PlatformName.REDDIT: platform, PlatformName.DISCORD: other}
    return Notices(core.database, platforms, clock=clock)


async def add(core: Core, clock: FakeClock, text: str = "News.", **rest: int) -> None:
    async with core.database.write() as session:
        add_notice(session, NoticeKind.TRAINING, text, now=clock(), **rest)


async def waiting(core: Core) -> list[str]:
    async with core.database.read() as session:
        query = select(Notice.text).where(Notice.delivered_at.is_(None)).order_by(Notice.id)
        return list(await session.scalars(query))


async def test_every_platform_is_told_once(
    notices: Notices, core: Core, platform: FakePlatform, other: FakePlatform, clock: FakeClock
) -> None:
    await add(core, clock)
    assert await notices.deliver() == 1
    assert await notices.deliver() == 0
    assert platform.announced == other.announced == [("News.", None)]


async def test_a_platform_that_is_away_is_told_later_and_the_others_not_twice(
    notices: Notices, core: Core, platform: FakePlatform, other: FakePlatform, clock: FakeClock
) -> None:
    platform.away = True
    await add(core, clock, "First.")
    await add(core, clock, "Second.")
    assert await notices.deliver() == 0
    assert await notices.deliver() == 0
    assert [text for text, _ in other.announced] == ["First.", "Second."]
    platform.away = False
    assert await notices.deliver() == 2
    assert [text for text, _ in platform.announced] == ["First.", "Second."]
    assert len(other.announced) == 2


async def test_news_of_a_community_is_told_on_its_platform_only(
    notices: Notices, core: Core, platform: FakePlatform, other: FakePlatform, clock: FakeClock
) -> None:
    async with core.database.write() as session:
        session.add(row(Community))
    await add(core, clock, community_id=1)
    assert await notices.deliver() == 1
    assert (platform.announced, other.announced) == ([("News.", "test")], [])


async def test_old_news_is_given_up(
    notices: Notices, core: Core, platform: FakePlatform, clock: FakeClock,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    platform.away = True
    await add(core, clock)
    await notices.deliver()
    clock.now += STALE + timedelta(seconds=1)
    with caplog.at_level(logging.WARNING):
        assert await notices.deliver() == 1
    assert "News." in caplog.text
    platform.away = False
    assert await notices.deliver() == 0
    assert platform.announced == []


async def test_a_platform_that_fails_does_not_keep_the_others_waiting(
    core: Core, other: FakePlatform, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    notices = Notices(
        core.database,
        {PlatformName.REDDIT: Broken(clock), PlatformName.DISCORD: other},
        clock=clock,
    )
    await add(core, clock, "First.")
    await add(core, clock, "Second.")
    assert await notices.deliver() == 0
    assert len(other.announced) == 2
    assert "it is broken" in caplog.text
    assert await waiting(core) == ["First.", "Second."]


async def test_the_running_bot_hands_notices_over(
    app: App, core: Core, platform: FakePlatform, clock: FakeClock
) -> None:
    await add(core, clock)
    assert await app.jobs.deliver_notices() == 1
    assert platform.announced == [("News.", None)]


async def test_of_two_processes_one_tells_and_another_takes_over_when_it_dies(
    core: Core, other: FakePlatform, clock: FakeClock
) -> None:
    platforms = {PlatformName.DISCORD: other}
    dead, alive = (Notices(core.database, platforms, clock=clock) for _ in range(2))
    await add(core, clock)
    async with core.database.read() as session:
        notice_id = (await session.scalars(select(Notice.id))).one()
    began = clock()
    assert await dead._claim(notice_id, PlatformName.DISCORD) == (True, None)
    assert await alive.deliver() == 0
    assert other.announced == []
    clock.forward(CLAIMED_FOR.total_seconds())
    assert await alive.deliver() == 1
    assert await alive.deliver() == 0
    assert other.announced == [("News.", None)]
    assert other.told_since == [began], "what the dead one told is looked for"
