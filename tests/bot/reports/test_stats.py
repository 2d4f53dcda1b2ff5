"""Stats from the daily sums, and the chart of them."""

from datetime import date, timedelta
from math import exp, inf, log1p
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.dates import num2date
from scipy.stats import ttest_ind
from sqlalchemy import update

from bot.core import Core
from bot.reports import charts
from bot.reports.charts import ChartFailed, stats_chart
from bot.reports.stats import (
    TRAILING,
    LabelSums,
    calibration_points,
    read_stats,
    skill_of,
    speaking_effect,
)
from storage.tables import Community, DailyLabel, DailyScore, Label, ModelVersion, Post, Prediction
from storage.types import Bucket
from tests.fakes.clock import START, FakeClock
from tests.fixtures.rows import one_post, row

TODAY = START.date()


def day_of(number: int) -> date:
    """A day, counted back from today."""
    return TODAY - timedelta(days=number)


def scores(day: date, **changes: object) -> DailyScore:
    return DailyScore(
        **{
            "day": day, "community_id": 1, "model_version_id": 100, "n": 10, "hits": 6,
            "expected_hits": 3.5, "rps_sum": 1.2, "base_rps_sum": 1.5, "gain_squared_sum": 0.02,
            "log_sum": 20.0, "base_log_sum": 23.0, "brier_sum": 6.0, **changes,
        }
    )  # fmt: skip


def labels(day: date, **changes: object) -> DailyLabel:
    return DailyLabel(
        **{
            "day": day, "community_id": 1, "n": 12, "spoken_n": 9, "spoken_sum": 18.0,
            "spoken_squared": 40.0, "silent_n": 3, "silent_sum": 5.0, "silent_squared": 9.0,
            **changes,
        }
    )  # fmt: skip


@pytest.fixture
async def post(core: Core) -> None:
    """A community with a post, and a model version."""
    async with core.database.write() as session:
        for each in one_post():
            session.add(each)
            await session.flush()


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


@pytest.mark.usefixtures("post")
async def test_calibration_is_of_the_newest_scored_predictions(
    core: Core, clock: FakeClock
) -> None:
    async with core.database.write() as session:
        for number in range(2, 6):
            session.add(row(Post, id=number, source_id=f"p{number}"))
            await session.flush()
            session.add(
                row(Label, post_id=number, bucket=Bucket.HIGH if number > 2 else Bucket.LOW,
                    matured_at=clock() - timedelta(hours=number))
            )  # fmt: skip
            scored = {} if number == 5 else {
                "scored_at": clock(), "log_score": 2.0, "rps": 0.1, "brier": 0.5,
            }  # fmt: skip
            session.add(
                row(Prediction, id=number, post_id=number, p_low=0.1, p_medium=0.15, p_high=0.75,
                    **scored)
            )  # fmt: skip
    async with core.database.read() as session:
        stats = await read_stats(session, community_id=1, days=7, now=clock())
    (point,) = stats.calibration
    assert (point.n, point.confidence) == (3, pytest.approx(0.75))
    assert point.happened == pytest.approx(2 / 3)


def test_the_skill_interval_is_that_of_the_mean_gain() -> None:
    rng = np.random.default_rng(1)
    base = np.full(400, 0.16)
    rps = base - 0.01 + rng.normal(size=400) * 0.05
    gain = base - rps
    found = skill_of(400, rps.sum(), base.sum(), (gain**2).sum())
    assert found.skill == pytest.approx(gain.mean() / 0.16)
    half = 1.96 * gain.std(ddof=1) / 20 / 0.16
    assert found.interval == pytest.approx((found.skill - half, found.skill + half), abs=1e-5)


def test_the_effect_of_speaking_is_welchs() -> None:
    rng = np.random.default_rng(2)
    spoken = np.log1p(rng.poisson(30, 300))
    silent = np.log1p(rng.poisson(26, 12))
    effect = speaking_effect(
        LabelSums(300, spoken.sum(), (spoken**2).sum(), 12, silent.sum(), (silent**2).sum())
    )
    assert effect is not None
    interval = ttest_ind(spoken, silent, equal_var=False).confidence_interval(0.95)
    assert effect.factor == pytest.approx(exp(spoken.mean() - silent.mean()))
    assert effect.interval == pytest.approx((exp(interval.low), exp(interval.high)), rel=1e-3)


def test_the_effect_waits_for_both_sides() -> None:
    assert speaking_effect(LabelSums(100, 1.0, 1.0, 1, 1.0, 1.0)) is None


@given(
    st.lists(st.integers(-5, 10_000), min_size=2, max_size=20),
    st.lists(st.integers(-5, 10_000), min_size=2, max_size=20),
)
def test_the_effect_lies_in_its_interval(spoken: list[int], silent: list[int]) -> None:
    sums = []
    for side in (spoken, silent):
        logs = [log1p(max(score, 0)) for score in side]
        sums += [len(logs), sum(logs), sum(each**2 for each in logs)]
    effect = speaking_effect(LabelSums(*sums))  # type: ignore[arg-type]
    assert effect is not None
    low, high = effect.interval
    assert 0 < low <= effect.factor * 1.000001
    assert effect.factor <= high * 1.000001 < inf


@given(st.lists(st.tuples(st.sampled_from(list(Bucket)), st.integers(1, 99), st.integers(1, 99))))
def test_calibration_counts_every_post_once(posts: list[tuple[Bucket, int, int]]) -> None:
    outcomes = [
        (bucket, (a / (a + b + 7), b / (a + b + 7), 7 / (a + b + 7))) for bucket, a, b in posts
    ]
    points = calibration_points(outcomes)
    assert sum(point.n for point in points) == len(posts)
    confidences = [point.confidence for point in points]
    assert confidences == sorted(confidences)
    for point in points:
        assert point.interval[0] <= point.happened <= point.interval[1]


@pytest.mark.usefixtures("post")
async def test_a_chart_is_a_png_of_what_there_is(core: Core, clock: FakeClock) -> None:
    async with core.database.write() as session:
        await session.execute(
            update(ModelVersion).where(ModelVersion.id == 100).values(name="v-✓ $1_{$")
        )
        session.add_all([scores(day_of(n)) for n in (0, 1, 9)] + [labels(day_of(2))])
    async with core.database.read() as session:
        stats = await read_stats(session, community_id=None, days=30, now=clock())
    assert (await stats_chart(stats)).startswith(b"\x89PNG")


async def test_a_chart_that_takes_too_long_is_given_up(
    core: Core, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(charts, "_SECONDS", 0.0)
    async with core.database.read() as session:
        stats = await read_stats(session, community_id=None, days=30, now=clock())
    with pytest.raises(ChartFailed, match="not drawn within 0 seconds"):
        await stats_chart(stats)


async def test_a_chart_that_cannot_be_drawn_is_a_sentence(
    core: Core, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(charts, "asdict", lambda _: {"versions": 7})
    async with core.database.read() as session:
        stats = await read_stats(session, community_id=None, days=30, now=clock())
    with pytest.raises(ChartFailed, match="could not be drawn"):
        await stats_chart(stats)


def curve(*days: date) -> dict[str, Any]:
    """Stats of one version, as JSON, with a point for each of ``days``."""
    skill = {"n": 9, "skill": 0.1, "interval": (0.0, 0.2)}
    version = {
        "name": "v1", "is_champion": True, "skill": skill, "accuracy": 0.5,
        "accuracy_interval": (0.3, 0.7), "base_rate": 0.33,
        "curve": [{"day": day.isoformat(), "skill": skill} for day in days],
    }  # fmt: skip
    return {"versions": [version], "calibration": [], "effect": None, "spoken": 0, "silent": 0}


@pytest.mark.parametrize(
    ("days", "shown"),
    [
        ([0], 7),
        ([3, 0], 7),
        ([40, 0], 41),
    ],
)
def test_the_axis_of_days_is_a_week_at_least_and_no_longer_than_there_are_days(
    days: list[int], shown: int
) -> None:
    axes = charts.figure(curve(*map(day_of, days))).axes[0]
    begin, end = (moment.date() for moment in num2date(axes.get_xlim()))
    assert (end - begin).days == shown
    assert begin < day_of(days[0]) <= end
    labels = [label.get_text() for label in axes.get_xticklabels()]
    assert not [each for each in labels if ":" in each], "hours of a day"
