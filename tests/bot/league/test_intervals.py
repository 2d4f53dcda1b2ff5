import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t, ttest_ind

from bot.league.intervals import Moments, points_interval, student_point, welch, wilson


@given(st.integers(1, 10_000), st.data())
def test_the_interval_of_a_rate_holds_it(n: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, n))
    low, high = wilson(hits, n)
    assert 0 <= low <= hits / n + 1e-12
    assert hits / n - 1e-12 <= high <= 1
    assert low < high


def test_the_interval_of_a_rate_as_worked_out_by_hand() -> None:
    # Wilson, 4 of 10: (0.4 + z²/20 ± z·√(0.24/10 + z²/400)) / (1 + z²/10), z = 1.959964.
    assert wilson(4, 10) == pytest.approx((0.168180, 0.687326), abs=1e-5)


def test_the_interval_of_a_sum_of_points() -> None:
    points = [2.0, -1.0, -1.0, 2.0]
    mean = sum(points) / 4
    deviation = math.sqrt(sum((each - mean) ** 2 for each in points) / 3)
    expected = sum(points) - 1.959964 * 2 * deviation, sum(points) + 1.959964 * 2 * deviation
    assert points_interval(Moments(4, sum(points), 10.0)) == pytest.approx(expected)
    assert points_interval(Moments(1, 2.0, 4.0)) is None
    # Rounding errors do not make a variance negative.
    assert points_interval(Moments(3, 0.3, 0.3**2 / 3 - 1e-18)) == pytest.approx((0.3, 0.3))


@pytest.mark.parametrize(
    ("first", "second"),
    [([1.0, 2.0], [1.5, 1.0]), ([3.0, 5.0, 4.0], [1.0] * 9 + [2.0]), ([1.0, 9.0], [4.0, 4.5] * 20)],
)
def test_the_interval_of_a_difference_is_welchs(first: list[float], second: list[float]) -> None:
    """By Student's t itself, also where there are next to no degrees of freedom."""
    expected = ttest_ind(first, second, equal_var=False).confidence_interval(0.95)
    assert welch(Moments.of(first), Moments.of(second)) == pytest.approx(
        (expected.low, expected.high), rel=1e-6
    )


def test_values_that_never_vary_differ_for_certain() -> None:
    assert welch(Moments.of([2.0, 2.0, 2.0]), Moments.of([1.5, 1.5])) == (0.5, 0.5)


@pytest.mark.parametrize("freedom", [1.0, 2.5, 10.0, 300.0])
@pytest.mark.parametrize("share", [0.5, 0.9, 0.975])
def test_student_point_is_students(freedom: float, share: float) -> None:
    assert student_point(freedom, share) == pytest.approx(t.ppf(share, freedom), abs=1e-9)


def test_few_values_have_a_wide_interval() -> None:
    """With one degree of freedom it is 6.5 times as wide as the normal distribution says."""
    low, high = welch(Moments.of([0.0, 1.0]), Moments.of([0.0, 0.0]))
    assert (high - low) / 2 == pytest.approx(12.7062 * 0.5, rel=1e-5)
