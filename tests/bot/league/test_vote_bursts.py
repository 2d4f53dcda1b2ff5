from collections.abc import Sequence
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.league.vote_bursts import WINDOW, busiest, find_bursts
from tests.fixtures.rows import MOMENT

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
