import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.labels.readings import (
    AgedScore,
    ages,
    late_by,
    next_reading_at,
    reading_at,
    score_at_horizon,
)

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


def test_a_community_may_have_readings_of_its_own() -> None:
    assert ages(7200, [1800, 300, 300, 9000, 0]) == (300, 1800, 7200)
    assert ages(7200, []) == (7200,)
    assert reading_at(700, 7200, [300, 1800]) == 300
    assert next_reading_at(POSTED, 7200, after(700), [300, 1800]) == after(1800)


DAY = 24 * 3600
BEFORE = st.builds(AgedScore, st.floats(1, DAY - 1), st.integers(-50, 10_000).map(float))
AFTER = st.builds(AgedScore, st.floats(DAY, 9 * DAY), st.integers(-50, 10_000).map(float))


def test_a_score_read_at_the_horizon_is_the_score() -> None:
    assert score_at_horizon(AgedScore(3600, 5), AgedScore(DAY, 9), DAY) == 9
    assert score_at_horizon(None, AgedScore(DAY, 9), DAY) == 9


def test_a_late_score_as_worked_out_by_hand() -> None:
    # From 6 h to 24 h is two doublings, to 48 h three: two thirds of the growth.
    assert score_at_horizon(AgedScore(DAY / 4, 30), AgedScore(2 * DAY, 90), DAY) == 70


def test_without_an_earlier_reading_a_post_begins_with_nothing() -> None:
    late = AgedScore(1.5 * DAY, 1000)
    share = math.log(DAY / 60) / math.log(1.5 * DAY / 60)
    assert score_at_horizon(None, late, DAY) == round(1000 * share)
    assert score_at_horizon(AgedScore(0.0, 7), late, DAY) == round(1000 * share)
    assert score_at_horizon(None, AgedScore(15, 8), 10) <= 8


def test_a_second_late_changes_nothing() -> None:
    """Scores are whole numbers, so that posts with the same score still tie."""
    assert score_at_horizon(AgedScore(6 * 3600, 100), AgedScore(DAY + 2, 400), DAY) == 400


@given(BEFORE, AFTER)
def test_the_score_lies_between_the_readings_around_it(before: AgedScore, late: AgedScore) -> None:
    found = score_at_horizon(before, late, DAY)
    assert isinstance(found, int)
    assert min(before.score, late.score) <= found <= max(before.score, late.score)


@given(BEFORE, AFTER, st.floats(DAY, 9 * DAY))
def test_the_later_a_score_the_less_of_the_growth_counts(
    before: AgedScore, late: AgedScore, later: float
) -> None:
    assume(late.age <= later and before.score <= late.score)
    score = score_at_horizon(before, late, DAY)
    assert score_at_horizon(before, AgedScore(later, late.score), DAY) <= score


@given(st.integers(0, 5000), BEFORE, st.floats(DAY, 9 * DAY))
def test_growth_that_is_straight_in_log_age_is_read_off_exactly(
    per_doubling: int, before: AgedScore, late: float
) -> None:
    def curve(age: float) -> float:
        return before.score + per_doubling * math.log2(age / before.age)

    found = score_at_horizon(before, AgedScore(late, curve(late)), DAY)
    assert found == pytest.approx(curve(DAY), abs=0.51)


@given(BEFORE)
def test_readings_that_do_not_lie_around_the_horizon_are_refused(early: AgedScore) -> None:
    with pytest.raises(ValueError, match="before the horizon"):
        score_at_horizon(None, early, DAY)
    with pytest.raises(ValueError, match="beyond the horizon"):
        score_at_horizon(AgedScore(DAY + 1, 1), AgedScore(DAY + 2, 1), DAY)


@given(AGES, HORIZONS)
def test_lateness_is_a_share_of_the_horizon(age: float, horizon: int) -> None:
    late = late_by(age, horizon)
    assert late == (0 if age <= horizon else pytest.approx(age / horizon - 1))
