"""Bounds of what is reported: how many posts say something, and how sure it is."""

import math
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from scipy import stats
from sqlalchemy import select

from bot.league.intervals import Moments
from bot.reports.calibration import calibration_points, read_calibration
from bot.reports.label_shift import Shift, label_shift
from bot.reports.monitoring import (
    ChampionHealth,
    CommunityHealth,
    champion_health,
    community_health,
)
from bot.reports.reply_effect import reply_effect
from bot.reports.skill import Skill, skill_of
from bot.reports.stats import read_stats
from bot.reports.version_stats import read_versions
from storage.engine.database import Database
from storage.tables import Community, DailyScore, Image, ModelVersion, Prediction
from storage.types import Bucket
from tests.boundaries.labels import add_labels, store
from tests.fixtures.rows import MOMENT, row

# Shifts of the labels


@pytest.mark.parametrize(
    ("recent", "earlier", "told"),
    [(29, 100, False), (30, 99, False), (30, 100, True), (31, 101, True)],
)
def test_thirty_labels_and_a_hundred_before_tell_of_a_shift(
    recent: int, earlier: int, told: bool
) -> None:
    assert (label_shift([1.0] * recent, [0.0] * earlier) is not None) is told


@pytest.mark.parametrize(("n", "m"), [(30, 100), (60, 400), (500, 1000)])
def test_a_shift_is_more_than_chance_brings_once_in_a_thousand_times(n: int, m: int) -> None:
    shift = label_shift([0.0] * n, [0.0] * m)
    assert shift is not None
    # Kolmogorov's distribution, of which the bound is the first term.
    expected = stats.kstwobign.isf(0.001) * math.sqrt((n + m) / (n * m))
    assert shift.bound == pytest.approx(expected, rel=1e-3)


def test_the_distance_is_that_of_the_shares() -> None:
    recent, earlier = list(range(40)), list(range(20, 120))
    shift = label_shift([float(each) for each in recent], [float(each) for each in earlier])
    assert shift is not None
    assert shift.distance == pytest.approx(stats.ks_2samp(recent, earlier).statistic)
    assert (shift.recent, shift.earlier) == (40, 100)
    assert (shift.recent_median, shift.earlier_median) == (20, 70)


@pytest.mark.parametrize(
    ("distance", "bound", "shifted"),
    [
        (0.149, 0.05, False),
        (0.15, 0.05, False),
        (0.151, 0.05, True),
        (0.2, 0.2, False),
        (0.201, 0.2, True),
        (0.199, 0.2, False),
    ],
)
def test_a_shift_is_beyond_chance_and_beyond_what_matters(
    distance: float, bound: float, shifted: bool
) -> None:
    assert Shift(distance, bound, 30, 100, 0, 0).is_shifted is shifted


async def shift_of(database: Database) -> Shift | None:
    async with database.read() as session:
        (found,) = await community_health(session, MOMENT)
    return found.shift


@pytest.mark.parametrize(
    ("labels", "recent", "earlier"), [((40, 120), 40, 120), ((501, 1001), 500, 1000)]
)
async def test_the_newest_labels_of_both_sides_are_compared(
    database: Database, labels: tuple[int, int], recent: int, earlier: int
) -> None:
    week = timedelta(days=7)
    tick = timedelta(microseconds=1)
    await store(database, row(Community))
    # The week begins after its first moment: a label of that very moment is an earlier one.
    end = MOMENT - week + tick * labels[0]
    await add_labels(database, [1.0] * labels[0], matured_at=end, apart=tick)
    await add_labels(database, [0.0] * labels[1], first=9000, matured_at=MOMENT - week, apart=tick)
    found = await shift_of(database)
    assert found is not None
    assert (found.recent, found.earlier) == (recent, earlier)


async def test_what_matures_later_is_not_known_yet(database: Database) -> None:
    await store(database, row(Community))
    tick = timedelta(microseconds=1)
    await add_labels(database, [0.0] * 100, matured_at=MOMENT - timedelta(days=8))
    await add_labels(database, [1.0] * 30, first=9000, matured_at=MOMENT + tick, apart=tick)
    assert await shift_of(database) is None
    await add_labels(database, [1.0], first=9900, matured_at=MOMENT - tick)
    found = await shift_of(database)
    assert found is not None
    # Those at the moment and before it: of the 30, all but the one that comes later.
    assert found.recent == 30


# Skill


def gains(values: Sequence[float], base: float = 1.0) -> Skill:
    """The skill over posts that gained so much over a base rate that scored ``base`` each."""
    n = len(values)
    return skill_of(n, n * base - sum(values), n * base, sum(each**2 for each in values))


@pytest.mark.parametrize(
    "values", [(0.1, 0.3) * 5, (0.1, -0.2, 0.05) * 4, tuple(np.linspace(-0.3, 0.5, 60))]
)
def test_skill_has_an_interval_of_95_percent(values: Sequence[float]) -> None:
    skill = gains(values, base=2.0)
    half = 1.96 * np.std(values, ddof=1) / math.sqrt(len(values)) / 2
    assert skill.skill == pytest.approx(np.mean(values) / 2)
    assert skill.interval == pytest.approx((skill.skill - half, skill.skill + half), abs=1e-4)


def test_skill_is_never_surer_than_perfect() -> None:
    skill = gains([1.0] * 9 + [0.6])
    assert skill.interval is not None
    assert skill.interval[1] == 1


@pytest.mark.parametrize(("n", "told"), [(1, False), (9, False), (10, True), (11, True)])
def test_ten_labels_tell_of_skill(n: int, told: bool) -> None:
    found = gains(([0.1, 0.2, 0.3] * 4)[:n])
    assert (found.skill is not None) is told
    assert (found.interval is not None) is told
    assert (found.why_none is None) is told


@pytest.mark.parametrize(
    ("base", "told"),
    [(0.0, False), (3e-33, False), (1e-9, False), (0.0099, False), (0.01, True), (0.2, True)],
)
def test_where_the_base_rate_lost_hardly_anything_there_is_no_skill(
    base: float, told: bool
) -> None:
    found = skill_of(20, 20 * base / 2, 20 * base, 0.0)
    assert found.skill == (pytest.approx(0.5) if told else None)


def skill(n: int, low: float, high: float) -> Skill:
    return Skill(n, (low + high) / 2, (low, high))


@pytest.mark.parametrize(
    ("seen", "worse"),
    [
        (None, False),
        (skill(49, -0.9, -0.5), False),
        (skill(50, -0.9, -0.5), True),
        (skill(50, -0.9, -0.001), True),
        (skill(50, -0.9, 0.0), False),
        (Skill(50, -0.9, None), False),
    ],
)
def test_fifty_posts_and_an_interval_below_nothing_are_surely_worse(
    seen: Skill | None, worse: bool
) -> None:
    assert CommunityHealth(row(Community), seen, None).is_worse_than_base is worse


@pytest.mark.parametrize(
    ("lately", "fallen"),
    [
        (None, False),
        (skill(49, 0.0, 0.05), False),
        (skill(50, 0.0, 0.05), True),
        (skill(50, 0.0, 0.1), False),
        (skill(50, 0.0, 0.099), True),
        (Skill(50, 0.0, None), False),
    ],
)
def test_a_champion_has_fallen_whose_interval_lies_below_what_it_was_judged(
    lately: Skill | None, fallen: bool
) -> None:
    champion = row(ModelVersion)
    assert ChampionHealth(champion, lately, (0.1, 0.2)).is_worse_than_made is fallen
    assert not ChampionHealth(champion, lately, None).is_worse_than_made


def day_of_scores(days_ago: int, n: int, **changes: Any) -> DailyScore:
    return DailyScore(
        **{
            "day": MOMENT.date() - timedelta(days=days_ago), "community_id": 1,
            "model_version_id": 100, "n": n, "hits": n, "expected_hits": n / 3,
            "rps_sum": 0.1 * n, "base_rps_sum": 0.2 * n, "gain_squared_sum": 0.02 * n,
            "log_sum": 1.0, "base_log_sum": 2.0, "brier_sum": 0.5, **changes,
        }
    )  # fmt: skip


@pytest.mark.parametrize(("days_ago", "counts"), [(0, True), (13, True), (14, False), (15, False)])
async def test_the_champions_skill_is_that_of_fourteen_days(
    database: Database, days_ago: int, counts: bool
) -> None:
    async with database.read() as session:
        champion = await session.scalar(select(ModelVersion.id).where(ModelVersion.is_champion))
    await store(database, row(Community), day_of_scores(days_ago, 7, model_version_id=champion))
    async with database.read() as session:
        (community,) = await community_health(session, MOMENT)
        whole = await champion_health(session, MOMENT)
    assert whole is not None
    for found in (community.skill, whole.recent):
        assert (found is not None) is counts
        assert found is None or found.n == 7


# Stats


@pytest.mark.parametrize(("days", "labels"), [(0, 1), (1, 1), (2, 3), (3, 7), (30, 7)])
async def test_today_is_one_of_the_days(database: Database, days: int, labels: int) -> None:
    await store(
        database,
        row(Community),
        row(ModelVersion),
        *(day_of_scores(ago, n) for ago, n in ((0, 1), (1, 2), (2, 4))),
    )
    async with database.read() as session:
        found = await read_stats(session, community_id=None, days=days, now=MOMENT)
    assert found.since == MOMENT.date() - timedelta(days=max(days, 1) - 1)
    assert [each.skill.n for each in found.versions] == [labels]


async def test_a_point_of_a_curve_is_a_week(database: Database) -> None:
    # 1 today, 2 a day ago, 4 two days ago …: the sums tell which days are in them.
    days = range(9)
    await store(
        database, row(Community), row(ModelVersion), *(day_of_scores(ago, 2**ago) for ago in days)
    )
    async with database.read() as session:
        ((version,), last) = await read_versions(session, None, MOMENT.date())
        ((longer,), _) = await read_versions(session, None, MOMENT.date() - timedelta(days=1))
    assert last == MOMENT.date()
    assert [point.skill.n for point in version.curve] == [2**7 - 1]
    assert [point.skill.n for point in longer.curve] == [2**8 - 2, 2**7 - 1]


@pytest.mark.parametrize(("versions", "curves"), [(5, 5), (6, 6), (7, 6)])
async def test_six_versions_have_a_curve(database: Database, versions: int, curves: int) -> None:
    numbers = range(100, 100 + versions)
    await store(
        database,
        row(Community),
        *(row(ModelVersion, id=each, name=f"v{each}") for each in numbers),
        *(day_of_scores(0, each, model_version_id=each) for each in numbers),
    )
    async with database.read() as session:
        found, _ = await read_versions(session, None, MOMENT.date())
    # Those with the most posts.
    assert [each.name for each in found] == [f"v{each}" for each in reversed(numbers)][:curves]


@pytest.mark.parametrize(
    ("chance", "place"), [(0.399, 3), (0.4, 4), (0.41, 4), (0.95, 9), (1.0, 9)]
)
def test_confidence_is_told_in_tenths(chance: float, place: int) -> None:
    rest = (1 - chance) / 2
    others = [(0.05 + each / 10 if each else 0.34) for each in (3, 4, 9)]
    alone = calibration_points([(Bucket.LOW, (chance, rest, rest))])
    assert [(each.confidence, each.happened, each.n) for each in alone] == [
        (pytest.approx(chance), 1.0, 1)
    ]
    beside = [(Bucket.HIGH, (each, (1 - each) / 2, (1 - each) / 2)) for each in others]
    points = calibration_points([*beside, (Bucket.LOW, (chance, rest, rest))])
    # It joins the post of its own tenth, of which 0.34, 0.45 and 0.95 are one each.
    (joined,) = [each for each in points if each.n == 2]
    assert joined.happened == 0.5
    assert int((2 * joined.confidence - chance) * 10) == place


SCORED = {
    "scored_at": MOMENT, "log_score": 1.0, "rps": 0.1, "brier": 0.5, "base_log_score": 2.0,
    "base_rps": 0.2, "points": 1.0, "base_rate": 0.5,
}  # fmt: skip


async def test_calibration_is_that_of_the_newest_thousand(database: Database) -> None:
    await store(database, row(Community), row(Image), row(ModelVersion))
    since = MOMENT.date() - timedelta(days=3)
    tick = timedelta(microseconds=1)
    there = 0
    for labels, used in ((999, 999), (1000, 1000), (1001, 1000)):
        more = range(there, labels)
        await add_labels(database, [1.0 for _ in more], newer=there, matured_at=MOMENT, apart=tick)
        async with database.write() as session:
            session.add_all(row(Prediction, id=None, post_id=1000 + i, **SCORED) for i in more)
        async with database.read() as session:
            points = await read_calibration(session, None, since, MOMENT)
        assert sum(each.n for each in points) == used
        there = labels


# What a reply does


@pytest.mark.parametrize(
    ("replied", "silent", "told"), [(1, 5, False), (5, 1, False), (2, 2, True), (3, 3, True)]
)
def test_two_labels_on_both_sides_tell_of_an_effect(replied: int, silent: int, told: bool) -> None:
    values = [1.0, 2.0, 4.0, 4.5, 6.0]

    def moments(n: int) -> Moments:
        return Moments(n, sum(values[:n]), sum(each**2 for each in values[:n]))

    assert (reply_effect(moments(replied), moments(silent)) is not None) is told


def test_an_effect_is_a_factor_with_its_95_percent() -> None:
    replied, silent = [1.0, 2.0, 4.0, 3.0], [0.5, 0.7, 2.0]
    found = reply_effect(
        *(Moments(len(each), sum(each), sum(one**2 for one in each)) for each in (replied, silent))
    )
    assert found is not None
    expected = stats.ttest_ind(replied, silent, equal_var=False).confidence_interval(0.95)
    assert found.factor == pytest.approx(math.exp(np.mean(replied) - np.mean(silent)))
    assert found.interval == pytest.approx((math.exp(expected.low), math.exp(expected.high)))
