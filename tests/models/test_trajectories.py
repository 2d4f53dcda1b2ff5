import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.trajectories import FEATURES, Reading, Trajectory

READINGS = st.lists(
    st.builds(
        Reading,
        st.floats(allow_nan=True, allow_infinity=True, width=32),
        st.floats(allow_nan=True, allow_infinity=True, width=32),
        st.none() | st.floats(allow_nan=True, width=32),
    ),
    max_size=12,
)


def test_readings_count_in_the_order_of_their_ages() -> None:
    found = Trajectory.of([Reading(7200, 9), Reading(3600, 5), Reading(600, 2)])
    assert found.ages.tolist() == [600, 3600, 7200]
    assert found.scores.tolist() == [2, 5, 9]


def test_of_two_readings_at_one_age_the_later_one_counts() -> None:
    assert Trajectory.of([Reading(3600, 5), Reading(3600, 7)]).scores.tolist() == [7]


@pytest.mark.parametrize(
    "odd", [Reading(0, 5), Reading(-1, 5), Reading(math.nan, 5), Reading(60, math.inf)]
)
def test_what_is_no_reading_is_left_out(odd: Reading) -> None:
    assert Trajectory.of([odd, Reading(3600, 5)]).ages.tolist() == [3600]


def test_scores_may_fall_and_be_negative() -> None:
    found = Trajectory.of([Reading(1800, 10), Reading(3600, -4)]).features()
    assert found[0] == pytest.approx(math.asinh(-4))
    assert found[2] == pytest.approx(math.asinh(-4) - math.asinh(10))
    assert found[7] == pytest.approx(math.asinh(-4) - math.asinh(10))


def test_unknown_comments_are_unknown_not_none() -> None:
    for comments in (None, -1, math.nan):
        found = Trajectory.of([Reading(3600, 5, comments)]).features()
        assert np.isnan(found[[1, 3, 5, 6]]).all()
    assert Trajectory.of([Reading(3600, 5, 0)]).features()[1] == 0


def test_a_share_of_upvotes_is_seen_where_it_is_one() -> None:
    told = Trajectory.of([Reading(1800, 5, 1, 0.9), Reading(3600, 5, 1, 0.75)])
    assert told.features()[8] == 0.75
    assert told.until(1800).features()[8] == 0.9
    for odd in (None, -0.1, 1.5, math.nan):
        assert np.isnan(Trajectory.of([Reading(3600, 5, 1, odd)]).features()[8])


def test_before_the_first_reading_nothing_is_known() -> None:
    found = Trajectory.of([Reading(3600, 5, 1)]).features()
    assert np.isnan(found[2:6]).all()


def test_between_two_readings_growth_is_a_line_in_the_logarithms() -> None:
    found = Trajectory.of([Reading(900, 0), Reading(3600, math.sinh(2.0))]).features()
    assert found[2] == pytest.approx(1.0)
    assert found[4] == pytest.approx(2.0)


def test_what_comes_later_is_not_seen() -> None:
    whole = Trajectory.of([Reading(3600, 5, 1), Reading(7200, 50, 9)])
    assert whole.until(7199).features()[0] == pytest.approx(math.asinh(5))


@given(READINGS, st.randoms())
def test_any_order_says_the_same_and_nothing_breaks(readings: list[Reading], draw: object) -> None:
    one_an_age = list({each.age: each for each in readings}.values())
    found = Trajectory.of(one_an_age)
    assert (np.diff(found.ages) > 0).all()
    assert np.array_equal(found.scores, Trajectory.of(one_an_age[::-1]).scores)
    if len(found.ages):
        features = found.features()
        assert features.shape == (len(FEATURES),)
        assert not np.isinf(features).any()
        assert not np.isnan(features[[0, 7]]).any()
