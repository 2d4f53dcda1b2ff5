from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.league.suspicious_votes import WINDOW, busiest, find_bursts, leap_of, read_suspicions
from storage.engine.database import Database
from storage.tables import Author, Community, Label, Nowcast, Post, Vote
from storage.types import PlatformName
from tests.fixtures.rows import MOMENT, row

TIMES = st.lists(st.integers(0, 600), min_size=1, max_size=30).map(
    lambda seconds: [MOMENT + timedelta(seconds=each) for each in sorted(seconds)]
)


def every(seconds: float, count: int) -> list[datetime]:
    return [MOMENT + timedelta(seconds=seconds * each) for each in range(count)]


@given(TIMES)
def test_the_busiest_minute_is_the_busiest(times: Sequence[datetime]) -> None:
    most, at = busiest(times)
    assert most == max(sum(one <= each <= one + WINDOW for each in times) for one in times)
    assert sum(at <= each <= at + WINDOW for each in times) == most


def test_many_votes_within_a_minute_stand_out_where_few_are_usual() -> None:
    usual = {(post, 1): every(120, 10) for post in range(10)}
    burst = {(99, 1): every(2, 8)}
    found = find_bursts(usual | burst)
    assert list(found) == [(99, 1)]
    assert found[99, 1] == (8, MOMENT, 8.0)


def test_a_busy_community_is_no_suspicion() -> None:
    assert find_bursts({(post, 1): every(2, 30) for post in range(10)}) == {}


def test_a_few_votes_are_no_burst() -> None:
    assert find_bursts({(1, 1): every(2, 5)} | {(2, 1): every(120, 9)}) == {}
    assert find_bursts({}) == {}


def test_up_and_down_are_different_votes() -> None:
    usual = {(post, 1): every(120, 10) for post in range(5)}
    found = find_bursts(usual | {(99, 1): every(10, 4), (99, -1): every(10, 4)})
    assert found == {}


def second_look(**changes: Any) -> Nowcast:
    values = {
        "post_id": 1, "reading": 600, "made_at": MOMENT, "score_p10": 50.0, "score_median": 100.0,
        "score_p90": 200.0, **changes,
    }  # fmt: skip
    return Nowcast(**values)


def test_a_leap_is_counted_in_standard_deviations() -> None:
    # From 50 to 200 is four times as much: ln 4 = 1.386 over 2.563 deviations.
    assert leap_of(second_look(), 100.0) == 0
    assert leap_of(second_look(), 200.0) == pytest.approx(1.28, abs=0.01)
    assert leap_of(second_look(), 25.0) == pytest.approx(-2.56, abs=0.01)
    assert leap_of(second_look(score_p10=100.0, score_p90=100.0), 500.0) == 0


async def store(database: Database, *rows: Any) -> None:
    async with database.write() as session:
        for each in rows:
            session.add(each)
            await session.flush()


@pytest.fixture
async def board(database: Database) -> Database:
    people = [
        row(Author, id=each, platform=PlatformName.WEB, hash=f"{each:064}") for each in range(1, 13)
    ]
    posts = [
        row(Post, id=each, platform=PlatformName.WEB, source_id=f"p{each}", title=f"Post {each}")
        for each in (1, 2, 3)
    ]
    await store(database, row(Community, platform=PlatformName.WEB), *people, *posts)
    return database


async def suspicions(database: Database, since: datetime = MOMENT) -> list[tuple[int, str, str]]:
    async with database.read() as session:
        found = await read_suspicions(session, 1, since=since)
        assert await read_suspicions(session, 2, since=since) == []
    return [(each.post_id, each.kind, each.sentence) for each in found]


async def test_votes_that_look_agreed_upon_are_flagged(board: Database) -> None:
    calm = [
        row(Vote, post_id=post, author_id=each, voted_at=MOMENT + timedelta(minutes=3 * each))
        for post in (1, 2)
        for each in range(1, 8)
    ]
    quick = [
        row(Vote, post_id=3, author_id=each, value=-1, voted_at=MOMENT + timedelta(seconds=each))
        for each in range(2, 13)
    ]
    await store(board, *calm, *quick)
    ((post_id, kind, sentence),) = await suspicions(board)
    assert (post_id, kind) == (3, "burst")
    assert sentence.startswith("11 votes down within a minute, 11 times as many as the busiest")
    assert await suspicions(board, MOMENT + timedelta(hours=1)) == []


async def test_a_score_that_leapt_is_flagged(board: Database) -> None:
    await store(
        board,
        second_look(),
        second_look(reading=3600, score_p10=800.0, score_median=1000.0, score_p90=1300.0,
                    made_at=MOMENT + timedelta(hours=1)),
        row(Label, score=1100.0),
        second_look(post_id=2),
        row(Label, post_id=2, score=150.0),
        second_look(post_id=3),
    )  # fmt: skip
    ((post_id, kind, sentence),) = await suspicions(board)
    assert (post_id, kind) == (1, "jump")
    assert sentence == "It was heading for 100 and then for 1,000: 4 standard deviations above."


async def test_nothing_happened(board: Database) -> None:
    assert await suspicions(board) == []
