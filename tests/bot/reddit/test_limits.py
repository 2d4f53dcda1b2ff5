"""When Reddit may be asked again."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.reddit.errors import RedditBusy
from bot.reddit.limits import (
    FIRST_WAIT,
    LONGEST_ASKED,
    LONGEST_WAIT,
    Pace,
    asked_wait,
    number,
    seconds,
)
from tests.fakes.clock import FakeClock


@pytest.mark.parametrize(
    ("message", "given", "wait"),
    [
        ("Take a break for 9 minutes before trying again.", None, 541),
        ("you are doing that too much. try again in 12 seconds.", None, 13),
        ("try again in 1 minute.", None, 61),
        ("Take a break for 202 milliseconds before trying again.", None, 1.202),
        ("Probier es in 3 Minuten noch einmal.", None, 181),
        ("Take a break for 2 hours.", None, 7200),
        ("Take a break.", None, 601),
        ("Take a break for 9 minutes.", 30.5, 31.5),
        ("Take a break for 9 minutes.", "never", 541),
        ("Take a break for 9999 hours.", None, 7200),
    ],
)
def test_a_break_lasts_as_long_as_we_are_told(message: str, given: object, wait: float) -> None:
    assert asked_wait(message, given) == timedelta(seconds=wait)


@given(st.text(), st.none() | st.text() | st.floats() | st.integers() | st.booleans())
def test_no_answer_makes_us_wait_for_ever_or_not_at_all(message: str, given: object) -> None:
    assert timedelta(seconds=1) <= asked_wait(message, given) <= LONGEST_ASKED
    assert (wait := seconds(given)) is None or timedelta() <= wait <= LONGEST_ASKED


def test_a_number_of_requests_is_no_time() -> None:
    assert number("100000.0") == 100_000
    assert number("-1") is number("nan") is number("many") is number(None) is None


def test_nothing_is_asked_before_the_time() -> None:
    clock = FakeClock()
    pace = Pace(clock)
    pace.check()
    assert pace.asked_to_wait(timedelta(seconds=30), "so").retry_after == timedelta(seconds=30)
    clock.forward(29)
    with pytest.raises(RedditBusy) as caught:
        pace.check()
    assert caught.value.retry_after == timedelta(seconds=1)
    clock.forward(1)
    pace.check()


def test_the_last_request_of_a_window_is_kept() -> None:
    clock = FakeClock()
    pace = Pace(clock)
    pace.answered(1, timedelta(seconds=100))
    pace.check()
    pace.answered(0, timedelta(seconds=90))
    with pytest.raises(RedditBusy) as caught:
        pace.check()
    assert caught.value.retry_after == timedelta(seconds=90)
    clock.forward(90)
    pace.check()


def test_waits_after_failures_double_and_end() -> None:
    clock = FakeClock()
    pace = Pace(clock, jitter=lambda: 1.0)
    waits = [pace.failed("no answer").retry_after for _ in range(12)]
    assert waits[:3] == [FIRST_WAIT, FIRST_WAIT * 2, FIRST_WAIT * 4]
    assert waits[-1] == LONGEST_WAIT
    pace.answered(None, None)
    assert pace.failed("no answer").retry_after == FIRST_WAIT
    assert Pace(clock, jitter=lambda: 0.0).failed("no answer").retry_after == FIRST_WAIT / 2
