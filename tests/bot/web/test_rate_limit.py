from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.web.rate_limit import RateLimit
from bot.web.refusals import Refusal
from tests.fakes.clock import FakeClock

WITHIN = 60


@given(
    most=st.integers(1, 5),
    steps=st.lists(st.tuples(st.floats(0, 100), st.sampled_from("ab")), max_size=60),
)
def test_never_more_than_so_many_in_any_window(most: int, steps: list[tuple[float, str]]) -> None:
    clock = FakeClock()
    limit = RateLimit(clock, most, timedelta(seconds=WITHIN), what="posts")
    taken: list[tuple[str, object]] = []
    for forward, key in steps:
        clock.forward(forward)
        start = clock() - timedelta(seconds=WITHIN)
        recent = [at for who, at in taken if who == key and at > start]  # type: ignore[operator]
        if len(recent) == most:
            with pytest.raises(Refusal) as caught:
                limit.take(key)
            assert caught.value.retry_after is not None
            assert 1 <= caught.value.retry_after <= WITHIN
        else:
            limit.take(key)
            taken.append((key, clock()))


def test_who_waits_as_long_as_was_said_is_let_in() -> None:
    clock = FakeClock()
    limit = RateLimit(clock, 1, timedelta(seconds=WITHIN), what="posts")
    limit.take("a")
    clock.forward(12.3)
    with pytest.raises(Refusal) as caught:
        limit.take("a")
    clock.forward(caught.value.retry_after or 0)
    limit.take("a")


def test_who_stays_away_is_forgotten() -> None:
    clock = FakeClock()
    limit = RateLimit(clock, 1, timedelta(seconds=WITHIN), what="posts")
    for number in range(100):
        limit.take(str(number))
    clock.forward(WITHIN)
    limit.take("a")
    assert len(limit._window) == 1
