from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.runtime.sliding_window import SlidingWindow
from tests.fakes.clock import FakeClock

WITHIN = timedelta(seconds=60)


def window(clock: FakeClock, most: int) -> SlidingWindow[str]:
    return SlidingWindow(clock, most=most, within=WITHIN)


@given(
    most=st.integers(1, 5),
    steps=st.lists(st.tuples(st.floats(0, 100), st.sampled_from("ab")), max_size=60),
)
def test_there_is_room_exactly_while_fewer_than_most_are_in_the_window(
    most: int, steps: list[tuple[float, str]]
) -> None:
    clock = FakeClock()
    events = window(clock, most)
    counted: list[tuple[str, datetime]] = []
    for forward, key in steps:
        clock.forward(forward)
        recent = [at for who, at in counted if who == key and at > clock() - WITHIN]
        if len(recent) < most:
            assert events.wait(key) == timedelta()
            events.add(key)
            counted.append((key, clock()))
        else:
            assert events.wait(key) == recent[0] + WITHIN - clock()


def test_an_event_leaves_the_window_exactly_when_its_time_is_over() -> None:
    clock = FakeClock()
    events = window(clock, 1)
    events.add("a")
    clock.forward(WITHIN.total_seconds() - 1)
    assert events.wait("a") == timedelta(seconds=1)
    clock.forward(1)
    assert events.wait("a") == timedelta()


def test_keys_do_not_limit_one_another() -> None:
    events = window(FakeClock(), 1)
    events.add("a")
    assert events.wait("a") == WITHIN
    assert events.wait("b") == timedelta()


def test_asking_counts_nothing() -> None:
    events = window(FakeClock(), 1)
    for _ in range(3):
        assert events.wait("a") == timedelta()
    assert len(events) == 0


def test_keys_without_recent_events_are_forgotten() -> None:
    clock = FakeClock()
    events = window(clock, 1)
    for number in range(100):
        events.add(str(number))
    assert len(events) == 100
    clock.forward(WITHIN.total_seconds())
    events.wait("a")
    assert len(events) == 0
