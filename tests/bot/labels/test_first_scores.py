"""The first scores of a community wait for each other, and people are told for what."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from bot.app import App
from bot.league.guesses import place_guess
from bot.serving.experts import read_standing
from bot.settings import Settings
from storage.tables import Community, Guess, Label, Post, Standing, WaitingScore
from storage.types import Bucket, PlatformName, PostState, ReplyState
from tests.fakes.clock import FakeClock
from tests.fakes.platform import HORIZON, FakePlatform, incoming
from tests.fixtures import images
from tests.fixtures.accepted_posts import stored

PICTURE = images.encode(images.photo(), "PNG")


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"scores_to_compare": 3})


async def posted(app: App, clock: FakeClock, *names: str) -> list[int]:
    ids = []
    for name in names:
        post = incoming(name, PICTURE, posted_at=clock())
        post_id = await app.pipeline.accept(PlatformName.REDDIT, post)
        assert post_id is not None
        await app.pipeline.advance(post_id)
        ids.append(post_id)
        clock.forward(1)
    return ids


async def guess(app: App, clock: FakeClock, post_id: int, bucket: Bucket) -> None:
    await place_guess(
        app.core.database, post_id=post_id, platform=PlatformName.REDDIT, person="b" * 64,
        bucket=bucket, blind=False, now=clock(),
    )  # fmt: skip


async def pass_horizon(app: App, clock: FakeClock) -> None:
    clock.forward(HORIZON)
    while await app.jobs.run_due():
        pass


async def count(app: App, table: Any) -> int:
    async with app.core.database.read() as session:
        return (await session.scalars(select(func.count()).select_from(table))).one()


async def test_nothing_is_told_before_there_is_something_to_compare_with(
    app: App, clock: FakeClock, platform: FakePlatform
) -> None:
    first, second = await posted(app, clock, "one", "two")
    for each in (first, second):
        await guess(app, clock, each, Bucket.HIGH)
    platform.scores |= {"one": 7, "two": 7}
    await pass_horizon(app, clock)
    for post_id in (first, second):
        post = await stored(app, post_id)
        assert (post.state, post.due_at, post.label) == (PostState.AWAITING_SCORE, None, None)
        assert post.prediction_rows[0].scored_at is None
    assert (await count(app, Label), await count(app, Standing)) == (0, 0)
    # Both replies say what is missing, once: the two scores are the same.
    assert platform.outcomes == {}
    said = list(platform.waiting.values())
    assert [[(each.score, each.missing, each.needed) for each in one] for one in said] == [
        [(7, 2, 3)], [(7, 2, 3)],
    ]  # fmt: skip
    await pass_horizon(app, clock)
    assert [len(each) for each in platform.waiting.values()] == [1, 1]


async def test_outcomes_that_waited_are_told_when_history_is_there(
    app: App, clock: FakeClock, platform: FakePlatform
) -> None:
    ids = await posted(app, clock, "one", "two", "three", "four")
    for each, bucket in zip(ids, (Bucket.LOW, Bucket.LOW, Bucket.HIGH, Bucket.LOW), strict=True):
        await guess(app, clock, each, bucket)
    platform.scores |= {"one": 0, "two": 5, "three": 9}
    await pass_horizon(app, clock)
    # The fourth is not read yet; three different scores are there all the same.
    labels = [(await stored(app, each)).label for each in ids]
    assert labels[3] is None
    found = [each for each in labels if each is not None]
    assert [each.bucket for each in found] == [Bucket.LOW, Bucket.MEDIUM, Bucket.HIGH]
    assert [each.percentile_high for each in found] == pytest.approx([1 / 3, 2 / 3, 1])
    assert await count(app, WaitingScore) == 0
    for each in ids[:3]:
        post = await stored(app, each)
        assert post.state is PostState.SETTLING
        assert post.reply is not None
        assert post.reply.state is ReplyState.SETTLED
    async with app.core.database.read() as session:
        earned = (await session.scalars(select(Guess.points).order_by(Guess.post_id))).all()
    assert earned == [2, -1, 2, None]
    # From now on one score is compared with those before it.
    (fifth,) = await posted(app, clock, "five")
    platform.scores["five"] = 5
    await pass_horizon(app, clock)
    last = (await stored(app, fifth)).label
    assert last is not None
    assert (last.percentile_low, last.percentile_high) == (0.25, 0.75)
    assert last.bucket is Bucket.MEDIUM


async def test_the_number_that_is_missing_is_kept_up_to_date(
    app: App, clock: FakeClock, platform: FakePlatform
) -> None:
    await posted(app, clock, "one")
    platform.scores["one"] = 1
    await pass_horizon(app, clock)
    await posted(app, clock, "two")
    platform.scores["two"] = 2
    await pass_horizon(app, clock)
    assert [each.missing for each in platform.waiting["reply-0"]] == [2, 1]
    assert [each.missing for each in platform.waiting["reply-1"]] == [1]
    platform.away = True
    (third,) = await posted(app, clock, "three")
    platform.away = False
    platform.scores["three"] = 3
    await pass_horizon(app, clock)
    assert (await stored(app, third)).label is not None
    assert {each.score for each in platform.outcomes.values()} >= {1, 2}


async def test_a_deleted_post_does_not_count(
    app: App, clock: FakeClock, platform: FakePlatform
) -> None:
    gone, kept = await posted(app, clock, "gone", "kept")
    platform.scores |= {"gone": 1, "kept": 2}
    await pass_horizon(app, clock)
    await app.pipeline.withdraw(gone)
    assert (await stored(app, gone)).state is PostState.WITHDRAWN
    await posted(app, clock, "third")
    platform.scores["third"] = 3
    await pass_horizon(app, clock)
    assert (await stored(app, kept)).label is None


async def test_what_waits_stays_at_risk(app: App, clock: FakeClock, platform: FakePlatform) -> None:
    """A label that comes later can still cost: the guarantee counts it until then."""
    (first,) = await posted(app, clock, "one")
    platform.scores["one"] = 1
    await pass_horizon(app, clock)
    community_id = (await stored(app, first)).community_id
    async with app.core.database.read() as session:
        standing = await session.run_sync(read_standing, community_id)
    assert (standing.waiting, standing.account.labels) == (1, 0)


async def test_history_that_was_imported_is_history(
    app: App, clock: FakeClock, platform: FakePlatform
) -> None:
    (first,) = await posted(app, clock, "one")
    platform.scores["one"] = 4
    await pass_horizon(app, clock)
    post = await stored(app, first)
    async with app.core.database.write() as session:
        community = await session.get_one(Community, post.community_id)
        for number, score in enumerate((0, 9), start=100):
            session.add(
                Post(
                    id=number, community_id=community.id, platform=community.platform,
                    source_id=f"i{number}", origin="imported", title="", silent=False,
                    posted_at=post.posted_at - timedelta(days=1), seen_at=post.posted_at,
                    state=PostState.LABELLED,
                )
            )  # fmt: skip
            await session.flush()
            session.add(
                Label(
                    post_id=number, community_id=community.id, score=score, percentile_low=0,
                    percentile_high=1, bucket=Bucket.MEDIUM, written_at=clock(),
                    matured_at=post.posted_at - timedelta(hours=20),
                )
            )  # fmt: skip
    await pass_horizon(app, clock)
    label = (await stored(app, first)).label
    assert label is not None
    assert label.bucket is Bucket.MEDIUM
