"""Stats from the daily sums."""

from datetime import timedelta

import pytest

from bot.core import Core
from bot.reports.charts import stats_chart
from bot.reports.stats import read_stats
from bot.reports.version_stats import TRAILING
from storage.tables import Community, Image, ModelVersion, Post, Prediction
from tests.bot.reports.daily_sums import TODAY, day_of, labels, scores
from tests.fakes.clock import FakeClock
from tests.fixtures.rows import row


async def test_without_anything_stats_are_empty(core: Core, clock: FakeClock) -> None:
    async with core.database.read() as session:
        stats = await read_stats(session, community_id=None, days=30, now=clock())
    assert (stats.labels, stats.versions, stats.calibration, stats.effect) == (0, [], [], None)
    assert (await stats_chart(stats)).startswith(b"\x89PNG")


@pytest.mark.usefixtures("post")
async def test_days_are_summed_and_curves_look_back_a_week(core: Core, clock: FakeClock) -> None:
    async with core.database.write() as session:
        session.add(row(Community, id=2, source_id="other"))
        await session.flush()
        session.add_all(
            [
                scores(day_of(TRAILING), n=1, hits=0, rps_sum=0.3, base_rps_sum=0.15),
                scores(day_of(1)),
                scores(day_of(0)),
                scores(day_of(0), community_id=2, n=100, hits=40, expected_hits=33.0,
                       rps_sum=16.0, base_rps_sum=15.0, gain_squared_sum=0.3),
                scores(day_of(40), n=5000),
                labels(day_of(0)), labels(day_of(3)), labels(day_of(3), community_id=2),
                labels(day_of(31), spoken_n=1000),
            ]
        )  # fmt: skip
    async with core.database.read() as session:
        here = await read_stats(session, community_id=1, days=30, now=clock())
        everywhere = await read_stats(session, community_id=None, days=30, now=clock())
    assert (here.labels, here.spoken, here.silent) == (24, 18, 6)
    assert (everywhere.labels, everywhere.spoken) == (36, 27)
    assert (here.since, here.until) == (day_of(29), TODAY)
    (version,) = here.versions
    assert (version.name, version.is_champion, version.skill.n) == ("v1", False, 21)
    assert version.accuracy == pytest.approx(12 / 21)
    assert version.base_rate == pytest.approx(10.5 / 21)
    assert [(point.day, point.skill.n) for point in version.curve] == [
        (day_of(7), 1), (day_of(1), 11), (day_of(0), 20),
    ]  # fmt: skip
    assert version.curve[0].skill.interval is None
    assert version.curve[-1].skill.skill == pytest.approx(1 - 2.4 / 3)
    assert everywhere.versions[0].skill.skill < 0 < version.skill.skill


async def test_how_well_a_place_is_known_is_read_from_its_forecasts(
    core: Core, clock: FakeClock
) -> None:
    async with core.database.write() as session:
        session.add_all([row(Community), row(Image)])
        session.add(row(ModelVersion, id=900, name="mixed"))
        for number, share in ((1, 0.5), (2, 1.0), (3, None)):
            await session.flush()
            session.add(
                row(
                    Post, id=number, source_id=f"p{number}", author_id=None,
                    posted_at=clock() - timedelta(hours=9 - number),
                )
            )  # fmt: skip
            await session.flush()
            session.add(
                row(
                    Prediction, id=None, post_id=number, made_at=clock(), share=share,
                    model_version_id=900,
                    weights=share and {"base": 0.6, "pooled": 0.3, "untitled": 0.1},
                )
            )  # fmt: skip
    async with core.database.read() as session:
        here = await read_stats(session, community_id=1, days=30, now=clock())
        everywhere = await read_stats(session, community_id=None, days=30, now=clock())
    assert [each.known for each in here.weights] == pytest.approx([0.2, 0.4])
    assert here.known == pytest.approx(0.4)
    assert (everywhere.weights, everywhere.known) == ((), None)
