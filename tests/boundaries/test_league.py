"""Bounds of the league: how sure an interval is, who is on a board, which votes stand out."""

import math
import statistics
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from scipy import stats

from bot.league.board_rows import BoardPage, BoardRow
from bot.league.intervals import Moments, points_interval, welch, wilson
from bot.league.leaderboard import BoardName, list_seasons, read_board
from bot.league.score_jumps import deviations_of
from bot.league.scoring import base_rates, points
from bot.league.seasons import UnknownSeason, read_season, season_bounds, season_of
from bot.league.suspicious_votes import read_suspicions
from bot.league.vote_bursts import Burst, busiest, find_bursts
from storage.engine.database import Database
from storage.tables import (
    Author,
    Community,
    CommunityGuesses,
    Label,
    ModelVersion,
    Nowcast,
    Post,
    Standing,
    Vote,
)
from storage.types import Bucket, ForecasterKind
from tests.boundaries.labels import add_labels, store
from tests.fixtures.rows import MOMENT, row


@pytest.mark.parametrize(
    ("hits", "n"), [(0, 1), (1, 1), (1, 2), (0, 30), (30, 30), (7, 20), (333, 1000)]
)
def test_an_interval_of_a_rate_is_95_percent_by_wilson(hits: int, n: int) -> None:
    expected = stats.binomtest(hits, n).proportion_ci(0.95, "wilson")
    assert wilson(hits, n) == pytest.approx((expected.low, expected.high), abs=1e-6)


def moments(values: Sequence[float]) -> Moments:
    return Moments(len(values), sum(values), sum(each**2 for each in values))


@pytest.mark.parametrize("values", [(3.0, -1.0), (2.0, 2.0, -1.0, -1.0), (0.5,) * 9])
def test_an_interval_of_points_is_95_percent(values: Sequence[float]) -> None:
    n = len(values)
    interval = points_interval(moments(values))
    assert interval is not None
    error = statistics.stdev(values) * math.sqrt(n)
    assert interval == pytest.approx(
        (sum(values) - 1.96 * error, sum(values) + 1.96 * error), abs=1e-3 * (error + 1e-3)
    )


@pytest.mark.parametrize(("n", "known"), [(1, False), (2, True), (3, True)])
def test_two_values_have_an_interval(n: int, known: bool) -> None:
    assert (points_interval(moments([1.0, -1.0, 1.0][:n])) is not None) is known


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ((1.0, 2.0), (5.0, 9.0)),
        ((1.0, 2.0, 4.0), (0.0, 0.5)),
        ((1.0, 2.0, 4.0, 3.0, 2.5, 2.0), (0.0, 0.5, 7.0)),
        (tuple(range(200)), tuple(range(3, 300))),
    ],
)
def test_a_difference_of_means_is_95_percent_by_student(
    first: Sequence[float], second: Sequence[float]
) -> None:
    expected = stats.ttest_ind(first, second, equal_var=False).confidence_interval(0.95)
    interval = welch(moments(first), moments(second))
    assert interval == pytest.approx((expected.low, expected.high))


def test_means_of_equal_values_differ_for_sure() -> None:
    assert welch(moments([3.0, 3.0]), moments([1.0, 1.0])) == (2.0, 2.0)


@pytest.mark.parametrize(
    ("recent", "rates"),
    [
        ([], (1 / 3, 1 / 3, 1 / 3)),
        ([Bucket.LOW], (1 / 2, 1 / 4, 1 / 4)),
        ([Bucket.HIGH] * 7, (1 / 10, 1 / 10, 8 / 10)),
        ([Bucket.LOW, Bucket.MEDIUM, Bucket.MEDIUM], (1 / 3, 1 / 2, 1 / 6)),
    ],
)
def test_one_label_of_each_bucket_is_added(
    recent: list[Bucket], rates: tuple[float, float, float]
) -> None:
    assert base_rates(recent) == pytest.approx(rates)


@pytest.mark.parametrize(
    ("guess", "happened", "earned"),
    [
        (Bucket.LOW, Bucket.LOW, 1.0),
        (Bucket.MEDIUM, Bucket.MEDIUM, 3.0),
        (Bucket.HIGH, Bucket.HIGH, 3.0),
        (Bucket.HIGH, Bucket.LOW, -1.0),
    ],
)
def test_a_right_guess_earns_what_it_was_unlikely(
    guess: Bucket, happened: Bucket, earned: float
) -> None:
    assert points(guess, happened, (0.5, 0.25, 0.25)) == pytest.approx(earned)


@pytest.mark.parametrize("rate", [0.0, -0.1])
def test_a_bucket_that_never_happens_has_no_points(rate: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        points(Bucket.LOW, Bucket.LOW, (rate, 0.5, 0.5))
    assert points(Bucket.LOW, Bucket.LOW, (1e-6, 0.5, 0.5)) == pytest.approx(1e6 - 1)


# Seasons


@pytest.mark.parametrize(
    ("moment", "season"),
    [
        (datetime(2026, 2, 28, 23, 59, 59, 999_999, UTC), "2026-02"),
        (datetime(2026, 3, 1, tzinfo=UTC), "2026-03"),
        (datetime(2026, 12, 31, 23, 59, 59, 999_999, UTC), "2026-12"),
        (datetime(2027, 1, 1, tzinfo=UTC), "2027-01"),
    ],
)
def test_a_season_begins_with_its_first_midnight(moment: datetime, season: str) -> None:
    assert season_of(moment, "UTC") == season
    begin, end = season_bounds(season, "UTC")
    assert begin <= moment < end


@pytest.mark.parametrize(
    ("year", "known"), [("0001", False), ("0002", True), ("9998", True), ("9999", False)]
)
def test_the_years_that_have_seasons(year: str, known: bool) -> None:
    season = f"{year}-06"
    if known:
        assert season_bounds(season, "UTC")[0].year == int(year)
        assert read_season(season, now=MOMENT, time_zone="UTC") == season
    else:
        with pytest.raises(UnknownSeason):
            season_bounds(season, "UTC")


@pytest.mark.parametrize("season", ["2026-00", "2026-13", "2026-1", "26-01", "2026-011"])
def test_what_is_no_month(season: str) -> None:
    with pytest.raises(UnknownSeason):
        read_season(season, now=MOMENT, time_zone="UTC")


# Boards


def standing(forecaster: int, n: int, *, points: float = 1.0, **changes: Any) -> Standing:
    return Standing(
        **{
            "season": "2026-03", "community_id": 0, "kind": ForecasterKind.PERSON,
            "forecaster_id": forecaster, "n": n, "hits": 1, "expected_hits": 1.0,
            "points": points, "points_squared": 4.0, "streak": 1, "best_streak": 1,
            "updated_at": MOMENT, **changes,
        }
    )  # fmt: skip


async def board(database: Database, name: BoardName, **changes: Any) -> BoardPage:
    asked = {
        "season": "2026-03", "community_id": None, "offset": 0, "limit": 20, "min_guesses": 10,
        "me": None, **changes,
    }  # fmt: skip
    async with database.read() as session:
        return await read_board(session, name, **asked)


@pytest.mark.parametrize(("n", "ranked"), [(9, False), (10, True), (11, True)])
async def test_whoever_has_the_least_number_of_guesses_is_ranked(
    database: Database, n: int, ranked: bool
) -> None:
    await store(database, row(Author), standing(1, n))
    found = await board(database, BoardName.FORECASTERS, me=1)
    assert [each.id for each in found.rows] == [1] * ranked
    assert found.total == int(ranked)
    assert found.mine is not None
    assert found.mine.rank == (1 if ranked else None)


@pytest.mark.parametrize(("n", "ranked"), [(9, False), (10, True), (11, True)])
async def test_the_same_holds_for_models_and_channels(
    database: Database, n: int, ranked: bool
) -> None:
    await store(
        database,
        row(Community),
        row(ModelVersion),
        *(
            standing(
                100, n, community_id=where, kind=ForecasterKind.MODEL, rps_sum=1.0, base_rps_sum=2.0
            )
            for where in (0, 1)
        ),
    )
    for name, row_id in ((BoardName.MODELS, 100), (BoardName.CHANNELS, 1)):
        found = await board(database, name)
        assert [(each.id, each.rank, each.rps_skill) for each in found.rows] == [
            (row_id, 1, 0.5)
        ] * ranked


async def test_equal_points_are_ordered_by_fewer_guesses_then_by_who_was_first(
    database: Database,
) -> None:
    people = [row(Author, id=each, hash=f"{each:064}") for each in range(1, 6)]
    scores = {1: (12, 1.0), 2: (11, 1.0), 3: (11, 1.0), 4: (12, 1.5), 5: (10, 0.5)}
    await store(database, *people, *(standing(i, n, points=p) for i, (n, p) in scores.items()))
    found = await board(database, BoardName.FORECASTERS)
    assert [each.id for each in found.rows] == [4, 2, 3, 1, 5]
    for rank, each in enumerate(found.rows, start=1):
        mine = (await board(database, BoardName.FORECASTERS, me=each.id, limit=1)).mine
        assert mine is not None
        assert (each.rank, mine.rank) == (rank, rank)


async def test_a_board_of_posts_ends_with_the_thousandth(database: Database) -> None:
    await store(database, row(Community))
    there = 0
    for posts, shown in ((999, 999), (1000, 1000), (1001, 1000)):
        scores = [float(each) for each in range(there, posts)]
        await add_labels(database, scores, newer=there, matured_at=MOMENT)
        there = posts
        found = await board(database, BoardName.POSTS, season="all", limit=2000)
        assert (len(found.rows), found.total) == (shown, shown)
        last = await board(database, BoardName.POSTS, season="all", offset=shown - 1, limit=5)
        assert [each.rank for each in last.rows] == [shown]
        beyond = await board(database, BoardName.POSTS, season="all", offset=shown, limit=5)
        assert beyond.rows == []


async def test_a_post_belongs_to_the_season_in_which_it_matured(database: Database) -> None:
    begin, end = season_bounds("2026-03", "UTC")
    tick = timedelta(microseconds=1)
    await store(database, row(Community))
    for number, matured in enumerate((begin - tick, begin, end - tick, end), start=1):
        await add_labels(database, [float(number)], first=number, matured_at=matured)
    found = await board(database, BoardName.POSTS)
    assert [each.id for each in found.rows] == [3, 2]


async def test_a_rate_is_that_of_what_was_counted(database: Database) -> None:
    """Every column of a row, from sums in which no two are alike."""
    sums = {
        "hits": 8, "expected_hits": 5.0, "points": 6.0, "points_squared": 30.0, "streak": 3,
        "best_streak": 4, "blind_n": 10, "blind_hits": 6, "blind_expected_hits": 3.0,
        "blind_points": 2.5, "bot_hits": 7, "bot_points": 3.5, "log_sum": 40.0, "rps_sum": 3.0,
        "base_rps_sum": 4.0, "brier_sum": 10.0,
    }  # fmt: skip
    people = CommunityGuesses(season="2026-03", community_id=1, n=5, hits=2, expected_hits=1.5)
    await store(
        database,
        row(Community),
        row(Author),
        row(ModelVersion),
        standing(1, 20, **sums),
        *(
            standing(100, 20, community_id=where, kind=ForecasterKind.MODEL, **sums)
            for where in (0, 1)
        ),
        people,
    )
    whole = {
        "n": 20, "hits": 8, "hit_rate": 0.4, "base_rate": 0.25, "interval": wilson(8, 20),
        "points": 6.0, "points_interval": points_interval(Moments(20, 6.0, 30.0)),
    }  # fmt: skip
    played = {
        "streak": 3, "best_streak": 4, "blind_n": 10, "blind_hit_rate": 0.6,
        "blind_base_rate": 0.3, "blind_points": 2.5, "bot_hit_rate": 0.7, "bot_points": 3.5,
    }  # fmt: skip
    scored = {"rps_skill": pytest.approx(0.25), "log_score": 2.0, "brier": 0.5}
    guessed = {"people_n": 5, "people_hit_rate": 0.4, "people_base_rate": 0.3}
    for name, row_id, label, columns in (
        (BoardName.FORECASTERS, 1, "a" * 64, whole | played),
        (BoardName.MODELS, 100, "v1", whole | played | scored),
        (BoardName.CHANNELS, 1, "r/test", whole | scored | guessed),
    ):
        (found,) = (await board(database, name)).rows
        assert found == BoardRow(rank=1, id=row_id, label=label, **columns)  # type: ignore[arg-type]


async def test_what_was_never_counted_is_not_known(database: Database) -> None:
    await store(
        database,
        row(Community),
        row(Author),
        row(ModelVersion),
        standing(1, 20),
        standing(100, 20, community_id=1, kind=ForecasterKind.MODEL, rps_sum=0.0, base_rps_sum=0.0),
    )
    (person,) = (await board(database, BoardName.FORECASTERS)).rows
    assert person.blind_n == 0
    blind = (person.blind_hit_rate, person.blind_base_rate, person.blind_points)
    assert blind == (person.bot_hit_rate, person.bot_points, None) == (None, None, None)
    (channel,) = (await board(database, BoardName.CHANNELS)).rows
    # The base rate lost nothing: there was nothing to save.
    assert channel.rps_skill is None
    assert (channel.blind_n, channel.people_n) == (0, 0)
    assert (channel.people_hit_rate, channel.people_base_rate) == (None, None)


async def test_without_skill_a_row_comes_last_and_more_posts_come_first(database: Database) -> None:
    versions = {
        100: (20, 2.0, 4.0), 101: (21, 2.0, 4.0), 102: (99, 0.0, 0.0), 103: (20, 1.0, 4.0),
        104: (20, 2.0, 4.0),
    }  # fmt: skip
    rows = [
        (
            row(ModelVersion, id=each, name=f"v{each}"),
            standing(each, n, kind=ForecasterKind.MODEL, rps_sum=rps, base_rps_sum=base),
        )
        for each, (n, rps, base) in versions.items()
    ]
    await store(database, *(one for both in rows for one in both))
    found = (await board(database, BoardName.MODELS)).rows
    assert [each.id for each in found] == [103, 101, 100, 104, 102]
    assert [each.rank for each in found] == [1, 2, 3, 4, 5]


async def test_a_row_of_a_post_is_its_label(database: Database) -> None:
    await store(
        database,
        row(Community),
        row(Author),
        row(Post, link="https://example.org/p1"),
        row(Label, percentile_low=0.2, percentile_high=0.6, bucket=Bucket.MEDIUM, score=7.0),
    )
    (found,) = (await board(database, BoardName.POSTS, season="all")).rows
    async with database.read() as session:
        matured_at = (await session.get_one(Label, 1)).matured_at
    assert found == BoardRow(
        rank=1, id=1, label="A title", score=7.0, percentile=pytest.approx(0.4),
        bucket=Bucket.MEDIUM, link="https://example.org/p1", community_id=1, community="r/test",
        matured_at=matured_at,
    )  # fmt: skip


async def test_seasons_come_newest_first(database: Database) -> None:
    seasons = ("2025-12", "2026-01", "2026-02", "all")
    await store(database, row(Author), *(standing(1, 10, season=each) for each in seasons))
    async with database.read() as session:
        assert await list_seasons(session) == ["2026-02", "2026-01", "2025-12"]


# Votes that look agreed upon


def votes(count: int, *, apart: float = 1.0) -> list[datetime]:
    return [MOMENT + timedelta(seconds=apart * each) for each in range(count)]


@pytest.mark.parametrize(("apart", "most"), [(59.9, 2), (60.0, 2), (60.001, 1)])
def test_a_minute_counts_with_both_its_ends(apart: float, most: int) -> None:
    assert busiest(votes(3, apart=apart)) == (most, MOMENT)


@pytest.mark.parametrize(("count", "found"), [(5, False), (6, True), (7, True)])
def test_six_votes_within_a_minute_are_a_burst(count: int, found: bool) -> None:
    usual = {(post, 1): votes(1) for post in range(20)}
    bursts = find_bursts({**usual, (99, 1): votes(count)})
    assert bursts == ({(99, 1): Burst(count, MOMENT, float(count))} if found else {})


@pytest.mark.parametrize(("count", "found"), [(11, False), (12, True), (13, True)])
def test_a_burst_is_three_times_the_usual(count: int, found: bool) -> None:
    usual = {(post, 1): votes(4) for post in range(20)}
    bursts = find_bursts({**usual, (99, 1): votes(count)})
    assert [key for key, _ in bursts.items()] == [(99, 1)] * found


@pytest.mark.parametrize(("busy", "found"), [(1, True), (2, True), (3, False)])
def test_usual_is_the_busiest_minute_of_95_percent_of_the_others(busy: int, found: bool) -> None:
    # Of 41 others the 39th in order is what is usual: two busy ones do not count, three do.
    others = {(post, 1): votes(10 if post < busy else 1) for post in range(41)}
    assert ((99, 1) in find_bursts({**others, (99, 1): votes(10)})) is found


def look(post: int = 1, *, score: float = 0.0, deviation: float = 1.0, **changes: Any) -> Nowcast:
    """A second look that expects a score of ``sinh(score)``, with this standard deviation."""
    half = stats.norm.ppf(0.9) * deviation
    ends = {"score_p10": -half, "score_median": 0.0, "score_p90": half}
    values = {name: math.sinh(score + end) for name, end in ends.items()}
    return Nowcast(**{"post_id": post, "reading": 600, "made_at": MOMENT} | values | changes)


@pytest.mark.parametrize("deviation", [0.25, 1.0, 2.0])
@pytest.mark.parametrize("leap", [-4.0, -1.0, 0.0, 0.5, 4.0])
def test_a_leap_is_counted_in_the_looks_own_deviations(deviation: float, leap: float) -> None:
    seen = look(score=2.0, deviation=deviation)
    assert deviations_of(seen, math.sinh(2.0 + leap * deviation)) == pytest.approx(leap, abs=1e-6)


@pytest.mark.parametrize(
    ("leap", "found"), [(3.99, False), (4.01, True), (-3.99, False), (-4.01, True), (0.0, False)]
)
async def test_four_deviations_are_a_jump(database: Database, leap: float, found: bool) -> None:
    matured = MOMENT + timedelta(hours=2)
    await store(
        database,
        row(Community),
        row(Author),
        row(Post),
        look(),
        row(Label, score=math.sinh(leap), matured_at=matured),
    )
    async with database.read() as session:
        jumps = await read_suspicions(session, 1, since=MOMENT)
    assert [(each.kind, each.at) for each in jumps] == [("jump", matured)] * found


async def test_each_look_is_held_against_the_next(database: Database) -> None:
    """The reading that a look stands on is no outcome of its own; the last is held to the label."""
    hour = timedelta(hours=1)
    await store(
        database,
        row(Community),
        row(Author),
        row(Post),
        look(deviation=0.1),
        look(reading=3600, made_at=MOMENT + hour, score=0.3, deviation=0.1),
        look(reading=21_600, made_at=MOMENT + 6 * hour, score=0.8, deviation=0.1),
        row(Label, score=math.sinh(0.8), matured_at=MOMENT + 24 * hour),
    )
    async with database.read() as session:
        (jump,) = await read_suspicions(session, 1, since=MOMENT)
    assert (jump.at, jump.strength) == (MOMENT + 6 * hour, pytest.approx(5.0, abs=1e-6))


async def test_without_a_label_the_last_look_is_held_against_nothing(database: Database) -> None:
    await store(database, row(Community), row(Author), row(Post), look(deviation=0.001))
    async with database.read() as session:
        assert await read_suspicions(session, 1, since=MOMENT) == []


@pytest.mark.parametrize(("newer", "found"), [(499, True), (500, False)])
async def test_the_newest_five_hundred_posts_are_looked_at(
    database: Database, newer: int, found: bool
) -> None:
    people = [row(Author, id=each, hash=f"{each:064}") for each in range(1, 8)]
    await store(database, row(Community), *people, row(Post, posted_at=MOMENT - timedelta(days=1)))
    async with database.write() as session:
        session.add_all(
            row(Vote, author_id=each, voted_at=MOMENT + timedelta(seconds=each))
            for each in range(1, 8)
        )
        session.add_all(
            row(Post, id=number, source_id=f"p{number}") for number in range(1000, 1000 + newer)
        )
    async with database.read() as session:
        seen = await read_suspicions(session, 1, since=MOMENT)
    assert [each.post_id for each in seen] == [1] * found


@pytest.mark.parametrize(("later", "found"), [(-1, True), (0, True), (1, False)])
async def test_what_happened_since_a_moment_counts_with_it(
    database: Database, later: int, found: bool
) -> None:
    await store(database, row(Community), row(Author), row(Post), look(), row(Label, score=1000.0))
    async with database.read() as session:
        (matured,) = [each.matured_at for each in [await session.get_one(Label, 1)]]
        since = matured + timedelta(microseconds=later)
        assert len(await read_suspicions(session, 1, since=since)) == int(found)
