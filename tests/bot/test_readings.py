from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.readings import ages, next_reading_at, reading_at

POSTED = datetime(2026, 3, 1, 12, tzinfo=UTC)
HORIZONS = st.integers(1, 14 * 24 * 3600)
AGES = st.floats(0, 30 * 24 * 3600)


def after(seconds: float) -> datetime:
    return POSTED + timedelta(seconds=seconds)


def test_a_day_is_read_four_times() -> None:
    assert ages(24 * 3600) == (600, 3600, 6 * 3600, 24 * 3600)


def test_half_an_hour_is_read_twice() -> None:
    assert ages(1800) == (600, 1800)


def test_a_horizon_that_is_also_an_early_age_is_read_once() -> None:
    assert ages(3600) == (600, 3600)


@given(HORIZONS)
def test_readings_ascend_to_the_horizon(horizon: int) -> None:
    found = ages(horizon)
    assert found[-1] == horizon
    assert list(found) == sorted(set(found))
    assert all(0 < age <= horizon for age in found)


@given(HORIZONS, AGES)
def test_a_score_counts_as_the_latest_reading_that_was_due(horizon: int, age: float) -> None:
    reading = reading_at(age, horizon)
    if reading is None:
        assert age < ages(horizon)[0]
    else:
        assert reading in ages(horizon)
        assert reading <= age
        assert not [each for each in ages(horizon) if reading < each <= age]


@given(HORIZONS, AGES, AGES)
def test_readings_never_go_back(horizon: int, one: float, other: float) -> None:
    early, late = sorted((one, other))
    assert (reading_at(early, horizon) or 0) <= (reading_at(late, horizon) or 0)
    assert next_reading_at(POSTED, horizon, after(early)) <= next_reading_at(
        POSTED, horizon, after(late)
    )


@given(HORIZONS, AGES)
def test_the_next_reading_is_never_beyond_the_horizon(horizon: int, age: float) -> None:
    coming = next_reading_at(POSTED, horizon, after(age))
    assert POSTED < coming <= after(horizon)
    assert coming > after(age) or age >= horizon or coming == after(horizon)


@given(HORIZONS, st.floats(0, 5))
def test_whoever_reads_when_it_is_due_meets_every_reading(horizon: int, late: float) -> None:
    """Never more than a few seconds late: then no reading is missed, and none is taken twice."""
    met: list[int] = []
    now = POSTED
    for _ in range(10):
        now = next_reading_at(POSTED, horizon, now) + timedelta(seconds=late)
        reading = reading_at((now - POSTED).total_seconds(), horizon)
        assert reading is not None
        met.append(reading)
        if reading == horizon:
            break
    assert met[-1] == horizon
    far_apart = [age for age in ages(horizon) if horizon - age > 10 or age == horizon]
    assert [age for age in met if age in far_apart] == far_apart


@given(HORIZONS, st.floats(0, 30 * 24 * 3600))
def test_a_bot_that_slept_through_the_horizon_is_due_at_once(horizon: int, asleep: float) -> None:
    now = after(horizon + asleep)
    assert next_reading_at(POSTED, horizon, now) <= now
    assert reading_at((now - POSTED).total_seconds(), horizon) == horizon
