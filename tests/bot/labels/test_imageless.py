"""Final scores of what has no image: asked for until they are told, or it is too late."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.app import App
from bot.leases import LeaseLost
from storage.engine.guard import guarded
from storage.tables import Community, ImagelessPost
from storage.types import Measure, PlatformName
from tests.fakes.clock import FakeClock
from tests.fakes.platform import HORIZON, FakePlatform, incoming


async def noted(app: App, clock: FakeClock, source_id: str) -> bool:
    post = incoming(source_id, posted_at=clock())
    return await app.pipeline.note_imageless(PlatformName.REDDIT, post)


async def stored(app: App) -> dict[str, Any]:
    async with app.core.database.read() as session:
        rows = await session.scalars(select(ImagelessPost))
        return {each.source_id: each for each in rows}


async def test_it_is_stored_once_and_not_beside_the_post_itself(app: App, clock: FakeClock) -> None:
    assert await noted(app, clock, "one")
    assert not await noted(app, clock, "one")
    post = incoming("two", b"no picture", posted_at=clock())
    assert await app.pipeline.accept(PlatformName.REDDIT, post) is not None
    assert not await noted(app, clock, "two")
    assert set(await stored(app)) == {"one"}


async def test_a_score_that_cannot_be_had_is_asked_for_again_until_it_is_too_late(
    app: App, clock: FakeClock, platform: FakePlatform
) -> None:
    await noted(app, clock, "one")
    await noted(app, clock, "two")
    platform.away = True
    clock.forward(HORIZON)
    await app.jobs.read_scores()
    assert {each.due_at > clock() for each in (await stored(app)).values()} == {True}
    platform.away = False
    platform.scores["one"] = 7
    clock.forward(60)
    await app.jobs.read_scores()
    found = await stored(app)
    # The first of its community is ranked among none.
    assert (found["one"].score, found["one"].percentile_low, found["one"].due_at) == (7, 0, None)
    clock.forward(HORIZON)
    platform.scores["two"] = 9
    await app.jobs.read_scores()
    assert ((await stored(app))["two"].score, (await stored(app))["two"].due_at) == (None, None)


@pytest.mark.parametrize("kind", ["gone", "hidden", "untold"])
async def test_what_cannot_be_told_at_the_horizon_counts_without_a_score(
    app: App, clock: FakeClock, platform: FakePlatform, kind: str
) -> None:
    await noted(app, clock, "one")
    getattr(platform, kind).add("one")
    clock.forward(HORIZON)
    await app.jobs.read_scores()
    found = (await stored(app))["one"]
    assert (found.score, found.due_at, found.matured_at) == (None, None, None)


async def test_it_is_judged_by_what_its_community_is_judged_by(
    app: App, clock: FakeClock, platform: FakePlatform
) -> None:
    await noted(app, clock, "one")
    async with app.core.database.write() as session:
        (await session.scalars(select(Community))).one().measure = Measure.COMMENTS
    platform.scores["one"] = 7
    clock.forward(HORIZON)
    await app.jobs.read_scores()
    # The platform told no comments.
    assert ((await stored(app))["one"].score, (await stored(app))["one"].due_at) == (None, None)


async def test_nothing_is_written_once_another_process_looks_after_the_platform(
    app: App, clock: FakeClock, platform: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Session) -> None:
        raise LeaseLost("another process does the work of reddit now")

    await noted(app, clock, "one")
    platform.scores["one"] = 7
    clock.forward(HORIZON)
    with monkeypatch.context() as patch:
        patch.setattr(platform, "on_duty", True, raising=False)
        patch.setattr(platform, "guarding", lambda: guarded(refuse), raising=False)
        await app.jobs.read_scores()
        assert (await stored(app))["one"].score is None
    await app.jobs.read_scores()
    assert (await stored(app))["one"].score == 7
