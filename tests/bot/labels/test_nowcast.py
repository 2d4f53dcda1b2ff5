from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from bot.app import App
from bot.labels.growth import Heading
from bot.labels.nowcast import MIN_POSTS, Nowcaster, read_own_posts
from bot.reports.nowcast_accuracy import nowcast_accuracy, read_nowcasts
from models.growth_curves import STARTER, GrowthCurves
from storage.engine.database import Database
from storage.queries.growth_examples import newest_nowcasts
from storage.tables import (
    Community,
    Image,
    Label,
    ModelVersion,
    Nowcast,
    Post,
    Prediction,
    Snapshot,
)
from storage.types import PlatformName, PostState
from tests.fakes.clock import FakeClock
from tests.fakes.platform import HORIZON, FakePlatform
from tests.fixtures.rows import MOMENT, row


async def history(
    database: Database,
    count: int,
    *,
    community: int = 1,
    growth: float = 5.0,
    age: float = 600,
    first: int = 1000,
) -> None:
    """Posts that grew, long before anything else happens."""
    posted_at = MOMENT - timedelta(days=9)
    async with database.write() as session:
        for number in range(first, first + count):
            early = float(number % 40)
            session.add(
                row(
                    Post, id=number, source_id=f"old{number}", community_id=community,
                    author_id=None, posted_at=posted_at, state=PostState.SETTLING,
                    predicted_at=posted_at, due_at=None,
                )
            )  # fmt: skip
            await session.flush()
            session.add_all(
                [
                    row(Snapshot, post_id=number, reading=600, age_seconds=age, score=early),
                    row(
                        Label, post_id=number, community_id=community, score=early * growth,
                        matured_at=posted_at + timedelta(seconds=HORIZON), written_at=posted_at,
                    ),
                ]
            )  # fmt: skip


async def looked_at(app: App, clock: FakeClock, platform: FakePlatform, score: int) -> Any:
    """A new post that was read after ten minutes, and where it is heading."""
    async with app.core.database.write() as session:
        session.add(
            row(
                Post, source_id="new", author_id=None, posted_at=clock(), seen_at=clock(),
                state=PostState.AWAITING_SCORE, predicted_at=clock(),
                due_at=clock() + timedelta(minutes=10),
            )
        )  # fmt: skip
    platform.scores["new"] = score
    clock.forward(600)
    await app.jobs.read_scores()
    async with app.core.database.read() as session:
        return (await session.run_sync(newest_nowcasts, [1])).get(1)


@pytest.fixture
async def league(app: App) -> App:
    async with app.core.database.write() as session:
        session.add_all(
            [
                row(Community, horizon_seconds=HORIZON),
                row(Community, id=2, source_id="alike", horizon_seconds=HORIZON),
                row(Community, id=3, source_id="longer", horizon_seconds=2 * HORIZON),
                row(Community, id=4, platform=PlatformName.DISCORD, horizon_seconds=HORIZON),
            ]
        )
    return app


async def test_an_early_score_says_where_a_post_is_heading(
    league: App, clock: FakeClock, platform: FakePlatform
) -> None:
    await history(league.core.database, 60)
    found = await looked_at(league, clock, platform, 20)
    assert (found.reading, found.made_at) == (600, clock())
    assert found.score_median == pytest.approx(100, rel=0.1)
    assert found.score_p10 < found.score_median < found.score_p90


async def test_with_little_history_nothing_is_said(
    league: App, clock: FakeClock, platform: FakePlatform
) -> None:
    await history(league.core.database, MIN_POSTS - 1)
    assert await looked_at(league, clock, platform, 20) is None


@pytest.mark.parametrize(("community", "leans"), [(2, True), (3, False), (4, False)])
async def test_a_new_community_leans_on_those_of_its_kind(
    league: App, clock: FakeClock, platform: FakePlatform, community: int, leans: bool
) -> None:
    async with league.core.database.write() as session:
        for each in await session.scalars(select(Community).where(Community.id == community)):
            kind = each.platform
    assert kind
    await history_on(league.core.database, community, kind)
    found = await looked_at(league, clock, platform, 20)
    assert (found is not None) is leans


async def history_on(database: Database, community: int, platform: PlatformName) -> None:
    posted_at = MOMENT - timedelta(days=9)
    async with database.write() as session:
        for number in range(2000, 2040):
            session.add(
                row(
                    Post, id=number, source_id=f"far{number}", community_id=community,
                    platform=platform, author_id=None, posted_at=posted_at,
                )
            )  # fmt: skip
            await session.flush()
            session.add_all(
                [
                    row(Snapshot, post_id=number, reading=600, age_seconds=600, score=10.0),
                    row(
                        Label, post_id=number, community_id=community, score=50.0,
                        matured_at=posted_at, written_at=posted_at,
                    ),
                ]
            )  # fmt: skip


async def test_a_late_reading_tells_of_another_age(
    league: App, clock: FakeClock, platform: FakePlatform
) -> None:
    await history(league.core.database, 60)
    async with league.core.database.write() as session:
        session.add(
            row(
                Post, source_id="new", author_id=None, posted_at=clock(),
                state=PostState.AWAITING_SCORE, predicted_at=clock(), due_at=clock(),
            )
        )  # fmt: skip
    platform.scores["new"] = 20
    clock.forward(900)
    await league.jobs.read_scores()
    async with league.core.database.read() as session:
        assert await session.run_sync(newest_nowcasts, [1]) == {}


async def test_readings_that_came_late_teach_nothing(
    league: App, clock: FakeClock, platform: FakePlatform
) -> None:
    await history(league.core.database, 60, age=900)
    assert await looked_at(league, clock, platform, 20) is None


async def test_what_is_learned_does_not_look_ahead(
    league: App, clock: FakeClock, platform: FakePlatform
) -> None:
    await history(league.core.database, 60)
    async with league.core.database.write() as session:
        for label in await session.scalars(select(Label)):
            label.matured_at = clock() + timedelta(seconds=1)
    assert await looked_at(league, clock, platform, 20) is None


async def test_a_process_that_starts_again_learns_the_same_as_before_a_late_label(
    league: App, clock: FakeClock, platform: FakePlatform
) -> None:
    """Found by killing simulations: what was learned at the full hour hung on when it was asked."""
    await history(league.core.database, 60)
    async with league.core.database.write() as session:
        await session.execute(update(Label).values(written_at=clock() + timedelta(minutes=5)))
    assert await looked_at(league, clock, platform, 20) is None


async def test_a_second_look_leaves_the_prediction_alone(
    league: App, clock: FakeClock, platform: FakePlatform
) -> None:
    await history(league.core.database, 60)
    assert await looked_at(league, clock, platform, 20) is not None
    async with league.core.database.read() as session:
        assert (await session.scalars(select(Prediction))).all() == []
        (stored,) = await session.scalars(select(Nowcast))
    assert stored.post_id == 1


async def test_a_report_is_read_from_what_is_stored(
    league: App, clock: FakeClock, platform: FakePlatform
) -> None:
    await history(league.core.database, 60)
    await looked_at(league, clock, platform, 20)
    platform.scores["new"] = 90
    clock.forward(HORIZON - 600)
    await league.jobs.read_scores()
    async with league.core.database.read() as session:
        (found,) = await read_nowcasts(session)
        assert await read_nowcasts(session, community_id=1) == [found]
        assert await read_nowcasts(session, community_id=2) == []
    assert (found.early, found.final) == (20, 90)
    (score,) = nowcast_accuracy([found])
    assert (score.n, score.coverage) == (1, 1)


async def test_of_several_predictions_the_first_is_compared(
    league: App, clock: FakeClock, platform: FakePlatform
) -> None:
    await history(league.core.database, 60)
    await looked_at(league, clock, platform, 20)
    platform.scores["new"] = 90
    clock.forward(HORIZON - 600)
    async with league.core.database.write() as session:
        session.add_all(
            [
                row(ModelVersion), row(ModelVersion, id=77, name="later"), row(Image),
                row(Prediction, id=1, score_p10=1, score_median=2, score_p90=3),
                row(
                    Prediction, id=2, model_version_id=77,
                    score_p10=4, score_median=5, score_p90=6,
                ),
            ]
        )  # fmt: skip
    await league.jobs.read_scores()
    async with league.core.database.read() as session:
        (found,) = await read_nowcasts(session)
    assert found.first == 2


async def predict(
    database: Database, posts: dict[int, float], *, quantiles: str = "community"
) -> None:
    """A prediction of a score for each post, give or take a little."""
    async with database.write() as session:
        session.add(row(Image, id=9, sha256="d" * 64))
        session.add(row(ModelVersion))
        await session.flush()
        session.add_all(
            [
                row(
                    Prediction, id=number, post_id=number, image_id=9, quantiles=quantiles,
                    score_p10=score * 0.8, score_median=score, score_p90=score * 1.25,
                )
                for number, score in posts.items()
            ]
        )  # fmt: skip


async def history_that_predictions_knew(database: Database, *, knew: bool) -> dict[int, float]:
    """Posts that all have 20 votes early and then grow by different factors."""
    await history(database, 120)
    finals = {}
    async with database.write() as session:
        await session.execute(update(Snapshot).values(score=20.0))
        for label in await session.scalars(select(Label)):
            label.score = float(20 + 7 * (label.post_id % 40) ** 1.5)
            finals[label.post_id] = label.score if knew else float(20 + label.post_id * 37 % 1700)
    return finals


@pytest.mark.parametrize(
    ("knew", "quantiles", "counts"),
    [(True, "community", True), (False, "community", False), (True, "platform", False)],
)
async def test_what_was_first_predicted_counts_where_it_has_helped(
    league: App,
    clock: FakeClock,
    platform: FakePlatform,
    knew: bool,
    quantiles: str,
    counts: bool,
) -> None:
    database = league.core.database
    predicted = await history_that_predictions_knew(database, knew=knew)
    await predict(database, predicted, quantiles=quantiles)
    async with database.read() as session:
        community = await session.get_one(Community, 1)
        session.expunge(community)
    nowcaster = Nowcaster(database)

    async def look(post_id: int) -> Heading:
        found = await nowcaster.look(community, 600, 600, 20.0, clock(), post_id=post_id)
        assert found is not None
        return found

    low, high = min(predicted, key=predicted.__getitem__), max(predicted, key=predicted.__getitem__)
    without = await look(99_999)
    if counts:
        assert (await look(low)).median < 0.7 * without.median
        assert (await look(high)).median > 1.5 * without.median
    else:
        assert (await look(low)).median == pytest.approx(without.median, rel=0.1)
        assert (await look(high)).median == pytest.approx(without.median, rel=0.1)


async def test_own_posts_are_looked_at_once_for_all_second_looks_of_an_hour(
    league: App, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await history(league.core.database, 60, growth=3.0)
    async with league.core.database.read() as session:
        community = await session.get_one(Community, 1)
        session.expunge(community)
    asked = []

    def counted(*args: Any, **kwargs: Any) -> Any:
        asked.append(args)
        return read_own_posts(*args, **kwargs)

    monkeypatch.setattr("bot.labels.nowcast.read_own_posts", counted)
    nowcaster = Nowcaster(league.core.database)
    looks = [
        await nowcaster.look(community, 600, 600, 20.0, clock(), post_id=number)
        for number in (99_998, 99_999)
    ]
    assert looks[0] is not None
    assert looks[0] == looks[1]
    assert len(asked) == 1
    clock.forward(community.horizon_seconds)
    assert await nowcaster.look(community, 600, 600, 20.0, clock(), post_id=99_999) is not None
    assert len(asked) == 2


DAY = 24 * 3600


async def looked_at_by_curves(
    app: App, clock: FakeClock, *, age: float = 3600, platform: PlatformName = PlatformName.WEB
) -> Heading | None:
    """A post of a community with a horizon of a day, by the curves that ship, lent to the board."""
    curves = {PlatformName.WEB: GrowthCurves.load(STARTER)}
    async with app.core.database.read() as session:
        community = await session.get_one(Community, 1)
        session.expunge(community)
    community.platform, community.horizon_seconds = platform, DAY
    return await Nowcaster(app.core.database, curves).look(
        community, int(age), age, 30.0, clock(), post_id=99_999, comments=2
    )


async def test_a_platform_with_curves_needs_no_history(league: App, clock: FakeClock) -> None:
    found = await looked_at_by_curves(league, clock)
    assert found is not None
    assert 20 < found.low < found.median < found.high < 1000


async def test_curves_of_one_platform_say_nothing_about_another(
    league: App, clock: FakeClock
) -> None:
    assert await looked_at_by_curves(league, clock, platform=PlatformName.DISCORD) is None


async def test_of_ages_without_a_curve_nothing_is_said(league: App, clock: FakeClock) -> None:
    assert await looked_at_by_curves(league, clock, age=600) is None


async def test_own_posts_correct_the_curves(league: App, clock: FakeClock) -> None:
    before = await looked_at_by_curves(league, clock)
    await history(league.core.database, 200, growth=20.0)
    async with league.core.database.write() as session:
        await session.execute(update(Snapshot).values(reading=3600, age_seconds=3600))
    after = await looked_at_by_curves(league, clock)
    assert before is not None
    assert after is not None
    assert after.median > 2 * before.median


async def test_curves_are_asked_about_an_own_post_once(
    league: App, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await history(league.core.database, 40, growth=3.0)
    async with league.core.database.write() as session:
        await session.execute(update(Snapshot).values(reading=3600, age_seconds=3600))
    async with league.core.database.read() as session:
        community = await session.get_one(Community, 1)
        session.expunge(community)
    community.platform, community.horizon_seconds = PlatformName.WEB, DAY
    asked = []
    final = GrowthCurves.final

    def counted(self: GrowthCurves, *args: Any) -> Any:
        asked.append(args)
        return final(self, *args)

    monkeypatch.setattr(GrowthCurves, "final", counted)
    nowcaster = Nowcaster(league.core.database, {PlatformName.WEB: GrowthCurves.load(STARTER)})
    looks = []
    for _ in range(2):
        looks.append(
            await nowcaster.look(community, 3600, 3600, 30.0, clock(), post_id=99_999, comments=2)
        )
        clock.forward(DAY)
    # Forty posts with their labels and the post that is looked at, and then only that one.
    assert len(asked) == 42
    assert looks[0] is not None
    assert looks[0] == looks[1]
