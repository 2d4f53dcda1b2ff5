"""Bounds of a label: which reading it is, whose scores it is ranked among, what it scores."""

import math
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from bot.app import App
from bot.labels.growth import Growth
from bot.labels.nowcast import Nowcaster, learn_growth
from bot.labels.readings import (
    AgedScore,
    ages,
    late_by,
    next_reading_at,
    reading_at,
    score_at_horizon,
)
from bot.labels.write import write_label
from bot.serving.score_scale import read_quantiles
from storage.engine.database import Database
from storage.queries.posts import load_post
from storage.tables import (
    Author,
    Community,
    Guess,
    Image,
    Label,
    ModelVersion,
    Post,
    Prediction,
    Snapshot,
)
from storage.types import Bucket, PlatformName, PostState
from tests.boundaries.labels import add_labels, store
from tests.fakes.clock import FakeClock
from tests.fakes.platform import FakePlatform
from tests.fixtures.rows import MOMENT, row

DAY = 24 * 3600
TICK = timedelta(microseconds=1)

# Readings


@pytest.mark.parametrize(
    ("age", "reading"),
    [
        (0, None), (599.9, None), (600, 600), (3599.9, 600), (3600, 3600), (21_599.9, 3600),
        (21_600, 21_600), (86_399.9, 21_600), (86_400, 86_400), (1e9, 86_400),
    ],
)  # fmt: skip
def test_a_score_counts_as_the_latest_reading_that_was_due(age: float, reading: int | None) -> None:
    assert reading_at(age, DAY) == reading
    due = next_reading_at(MOMENT, DAY, MOMENT + timedelta(seconds=age))
    following = {None: 600, 600: 3600, 3600: 21_600, 21_600: DAY, DAY: DAY}[reading]
    assert due == MOMENT + timedelta(seconds=following)


@pytest.mark.parametrize(
    ("horizon", "early", "read"),
    [
        (DAY, None, (600, 3600, 21_600, DAY)),
        (21_601, None, (600, 3600, 21_600, 21_601)),
        (21_600, None, (600, 3600, 21_600)),
        (3600, None, (600, 3600)),
        (600, None, (600,)),
        (DAY, [60, 60, -5, 0, 1], (1, 60, DAY)),
        (DAY, [], (DAY,)),
    ],
)
def test_early_readings_lie_before_the_horizon(
    horizon: int, early: list[int] | None, read: tuple[int, ...]
) -> None:
    assert ages(horizon, early) == read


@pytest.mark.parametrize(
    ("age", "late"), [(DAY - 1, 0), (DAY, 0), (1.25 * DAY, 0.25), (2 * DAY, 1)]
)
def test_late_is_a_share_of_the_horizon(age: float, late: float) -> None:
    assert late_by(age, DAY) == pytest.approx(late)


@pytest.mark.parametrize(
    ("before", "after", "score"),
    [
        (None, AgedScore(DAY, 40), 40),
        (AgedScore(3600, 10), AgedScore(DAY, 40), 40),
        # Half of the way in log-age: from a quarter of the horizon to four times it.
        (AgedScore(DAY / 4, 10), AgedScore(4 * DAY, 50), 30),
        (AgedScore(DAY / 4, -10), AgedScore(4 * DAY, 10), 0),
        # A reading at the very horizon is what it was.
        (AgedScore(DAY, 12), AgedScore(2 * DAY, 99), 12),
        # No reading was met: nobody had voted at one minute.
        (None, AgedScore(DAY**2 / 60, 100), 50),
        (AgedScore(0, 5), AgedScore(DAY**2 / 60, 100), 50),
    ],
)
def test_the_score_at_the_horizon_lies_on_the_line(
    before: AgedScore | None, after: AgedScore, score: int
) -> None:
    assert score_at_horizon(before, after, DAY) == score


def test_a_horizon_under_two_minutes_begins_at_half_of_it() -> None:
    # From 40 s to 160 s: 80 s is half of the way.
    assert score_at_horizon(None, AgedScore(160, 10), 80) == 5


@pytest.mark.parametrize(
    ("before", "after"),
    [(None, AgedScore(DAY - 0.1, 1)), (AgedScore(DAY + 0.1, 1), AgedScore(DAY + 0.2, 1))],
)
def test_readings_on_one_side_of_the_horizon_are_refused(
    before: AgedScore | None, after: AgedScore
) -> None:
    with pytest.raises(ValueError, match="the horizon of"):
        score_at_horizon(before, after, DAY)


@pytest.mark.parametrize(("late", "labelled"), [(0.4, True), (0.5, True), (0.501, False)])
async def test_a_score_read_half_a_horizon_late_still_makes_a_label(
    app: App, clock: FakeClock, platform: FakePlatform, late: float, labelled: bool
) -> None:
    await store(
        app.core.database,
        row(Community),
        row(Author),
        row(Post, state=PostState.AWAITING_SCORE, predicted_at=MOMENT, posted_at=clock()),
    )
    platform.scores["p1"] = 7
    clock.forward(7200 * (1 + late))
    await app.jobs.read_scores()
    async with app.core.database.read() as session:
        post = await session.get_one(Post, 1)
        assert (await session.get(Label, 1) is not None) is labelled
    assert (post.state is PostState.REFUSED) is not labelled


# What a label is ranked among


@pytest.fixture
async def community(database: Database) -> Community:
    await store(
        database,
        row(Community),
        row(Author),
        row(Author, id=2, hash="c" * 64),
        row(Image),
        row(ModelVersion),
    )
    async with database.read() as session:
        return await session.get_one(Community, 1)


@pytest.mark.parametrize(("own", "source"), [(29, "platform"), (30, "community")])
async def test_a_community_with_thirty_labels_is_read_by_its_own(
    database: Database, community: Community, own: int, source: str
) -> None:
    await store(database, row(Community, id=2, source_id="other"))
    await add_labels(database, [1.0] * own)
    await add_labels(database, [9.0] * 40, first=5000, community=2)
    async with database.read() as session:
        quantiles = await session.run_sync(read_quantiles, community, before=MOMENT)
    assert quantiles.source == source
    assert quantiles.score_at(0.9) == (1.0 if source == "community" else 9.0)


async def test_quantiles_are_those_of_the_newest_thousand(
    database: Database, community: Community
) -> None:
    there = 0
    for own, whose in ((999, 999), (1000, 1000), (1001, 1000)):
        # The oldest has the highest score.
        await add_labels(database, [float(each) for each in range(there, own)], newer=there)
        there = own
        async with database.read() as session:
            quantiles = await session.run_sync(read_quantiles, community, before=MOMENT)
        assert quantiles.scores == tuple(float(each) for each in range(whose))


@pytest.mark.parametrize(("age", "known"), [(-1, False), (0, True), (1, True)])
async def test_quantiles_know_what_matured_by_the_moment(
    database: Database, community: Community, age: int, known: bool
) -> None:
    await add_labels(database, [5.0] * 30, matured_at=MOMENT - TICK * age, apart=timedelta())
    async with database.read() as session:
        quantiles = await session.run_sync(read_quantiles, community, before=MOMENT)
    assert (quantiles.source == "community") is known


def new_post(**changes: Any) -> Post:
    values = {"state": PostState.AWAITING_SCORE, "predicted_at": MOMENT, "source_id": "new"}
    return row(Post, **{**values, **changes})


async def labelled(database: Database, score: float) -> Label:
    """The label of a new post."""
    await store(database, new_post())
    return await write(database, score)


async def ranks_of_a_new_post(database: Database, score: float) -> tuple[float, float]:
    """Between which percentiles its label lies; neither is kept."""
    async with database.write() as session:
        kept = await session.begin_nested()
        session.add(new_post(id=2))
        post = await session.run_sync(load_post, 2)
        assert post is not None
        label = await session.run_sync(write_label, post, score, now=MOMENT, season_time_zone="UTC")
        found = label.percentile_low, label.percentile_high
        await kept.rollback()
    return found


async def write(database: Database, score: float) -> Label:
    async with database.write() as session:
        post = await session.run_sync(load_post, 1)
        assert post is not None
        return await session.run_sync(write_label, post, score, now=MOMENT, season_time_zone="UTC")


async def test_a_label_is_one_of_the_newest_thousand(
    database: Database, community: Community
) -> None:
    """All others scored less but for the oldest, which scored more."""
    await add_labels(database, [99.0], first=1, matured_at=MOMENT - timedelta(days=99))
    there = 1
    for others, oldest_counts in ((998, True), (999, True), (1000, False), (1200, False)):
        await add_labels(database, [0.0] * (others - there), newer=there)
        there = others
        low, high = await ranks_of_a_new_post(database, 50)
        assert (high < 1) is oldest_counts
        count = min(others, 999) + 1
        less = others - 1 if oldest_counts else 999
        assert low == pytest.approx(less / count)
        assert high == pytest.approx((less + 1) / count)


@pytest.mark.parametrize(("later", "counts"), [(-1, True), (0, True), (1, False)])
async def test_a_label_is_ranked_among_what_matured_by_then(
    database: Database, community: Community, later: int, counts: bool
) -> None:
    matured = MOMENT + timedelta(seconds=7200)
    await add_labels(database, [0.0], matured_at=matured + TICK * later)
    label = await labelled(database, 5)
    assert (label.percentile_low, label.percentile_high) == ((0.5, 1) if counts else (0, 1))


# What a label scores


@pytest.mark.parametrize(("later", "counts"), [(-1, True), (0, False), (1, False)])
async def test_a_guess_counts_that_was_made_before_the_horizon(
    database: Database, community: Community, later: int, counts: bool
) -> None:
    horizon = MOMENT + timedelta(seconds=7200)
    await store(
        database,
        row(Post, state=PostState.AWAITING_SCORE, predicted_at=MOMENT, source_id="new"),
        Guess(
            post_id=1, author_id=2, bucket=Bucket.HIGH, guessed_at=horizon + TICK * later,
            blind=True,
        ),
    )  # fmt: skip
    await write(database, 5)
    async with database.read() as session:
        (guess,) = await session.scalars(select(Guess))
    assert (guess.points is not None) is counts
    assert (guess.base_rate is not None) is counts


@pytest.mark.parametrize(("later", "counts"), [(-1, True), (0, False), (1, False)])
async def test_a_prediction_counts_that_was_made_before_the_horizon(
    database: Database, community: Community, later: int, counts: bool
) -> None:
    horizon = MOMENT + timedelta(seconds=7200)
    await store(
        database,
        row(Post, state=PostState.AWAITING_SCORE, predicted_at=MOMENT, source_id="new"),
        row(Prediction, made_at=horizon + TICK * later),
    )
    await write(database, 5)
    async with database.read() as session:
        (prediction,) = await session.scalars(select(Prediction))
    assert (prediction.points is not None) is counts
    assert (prediction.rps is not None) is counts
    assert (prediction.scored_at is not None) is counts


async def test_labels_of_one_moment_are_written_a_microsecond_apart(
    database: Database, community: Community
) -> None:
    await add_labels(database, [1.0], matured_at=MOMENT, written_at=MOMENT + 5 * TICK)
    assert (await labelled(database, 5)).written_at == MOMENT + 6 * TICK


# Second looks


async def grown(database: Database, **changes: Any) -> Growth:
    async with database.read() as session:
        community = await session.get_one(Community, 1)
        asked = {"reading": 600, "before": MOMENT, **changes}
        return await session.run_sync(learn_growth, community, **asked)


async def test_growth_is_learned_from_the_newest_five_hundred(
    database: Database, community: Community
) -> None:
    there = 0
    for labels, learned in ((499, 499), (500, 500), (501, 500)):
        await add_labels(database, [3.0] * (labels - there), newer=there, reading=600)
        there = labels
        assert (await grown(database)).n == learned


async def test_another_community_lends_its_newest_two_hundred(
    database: Database, community: Community
) -> None:
    await store(database, row(Community, id=2, source_id="other"))
    there = 0
    for labels, lent in ((199, 199), (200, 200), (201, 200)):
        await add_labels(database, [3.0] * (labels - there), newer=there, community=2, reading=600)
        there = labels
        assert (await grown(database)).n == lent


@pytest.mark.parametrize(
    ("kind", "lends"),
    [
        ({}, True),
        ({"horizon_seconds": 7201}, False),
        ({"platform": PlatformName.DISCORD}, False),
    ],
)
async def test_only_communities_of_its_kind_lend(
    database: Database, community: Community, kind: dict[str, Any], lends: bool
) -> None:
    await store(database, row(Community, id=2, source_id="other", **kind))
    platform = kind.get("platform", PlatformName.REDDIT)
    await add_labels(database, [3.0] * 5, community=2, platform=platform, reading=600)
    assert (await grown(database)).n == (5 if lends else 0)


async def test_the_twenty_newest_communities_lend(database: Database, community: Community) -> None:
    others = range(2, 24)
    await store(database, *(row(Community, id=each, source_id=f"c{each}") for each in others))
    for each in others:
        await add_labels(database, [3.0], first=each * 100, community=each, reading=600)
    assert (await grown(database)).n == 20


@pytest.mark.parametrize(("age", "learned"), [(749, 1), (750, 1), (750.1, 0)])
async def test_a_reading_teaches_that_came_a_quarter_late_at_most(
    database: Database, community: Community, age: float, learned: int
) -> None:
    await add_labels(database, [3.0])
    await store(database, row(Snapshot, post_id=1000, reading=600, age_seconds=age))
    assert (await grown(database)).n == learned


@pytest.mark.parametrize(("matured", "written", "learned"), [(0, -1, 1), (1, -1, 0), (0, 0, 0)])
async def test_growth_knows_what_had_matured_and_was_written_by_then(
    database: Database, community: Community, matured: int, written: int, learned: int
) -> None:
    await add_labels(
        database, [3.0], matured_at=MOMENT + TICK * matured, reading=600,
        written_at=MOMENT + TICK * written,
    )  # fmt: skip
    assert (await grown(database)).n == learned


@pytest.mark.parametrize(("labels", "says"), [(19, False), (20, True), (21, True)])
async def test_twenty_posts_are_enough_for_a_second_look(
    database: Database, community: Community, labels: int, says: bool
) -> None:
    await add_labels(database, [3.0] * labels, reading=600)
    heading = await Nowcaster(database).look(community, 600, 600, 1.0, MOMENT, post_id=1)
    assert (heading is not None) is says


@pytest.mark.parametrize(("age", "says"), [(600, True), (750, True), (750.1, False)])
async def test_a_reading_is_looked_at_that_came_a_quarter_late_at_most(
    database: Database, community: Community, age: float, says: bool
) -> None:
    await add_labels(database, [3.0] * 30, reading=600)
    heading = await Nowcaster(database).look(community, 600, age, 1.0, MOMENT, post_id=1)
    assert (heading is not None) is says


@pytest.mark.parametrize(
    ("horizon", "lasts"), [(7200, 1800), (4 * 3600, 3600), (24 * 3600, 3600), (600, 150)]
)
async def test_what_was_learned_lasts_a_quarter_of_the_horizon_and_an_hour_at_most(
    database: Database, community: Community, horizon: int, lasts: int
) -> None:
    """What matures in between is not learned before the next round moment."""
    community.horizon_seconds = horizon
    begin = MOMENT
    assert begin.timestamp() % lasts == 0
    await add_labels(database, [1.0] * 30, reading=600)
    looks = Nowcaster(database)

    async def median(seconds: float) -> float:
        now = begin + timedelta(seconds=seconds)
        heading = await looks.look(community, 600, 600, 1.0, now, post_id=1)
        assert heading is not None
        return heading.median

    before = await median(1)
    await add_labels(
        database, [500.0] * 60, first=5000, matured_at=begin + timedelta(seconds=1),
        apart=timedelta(), reading=600,
    )  # fmt: skip
    assert await median(lasts - 1) == before
    assert await median(lasts) > before
    assert not math.isclose(await median(2 * lasts), before)
