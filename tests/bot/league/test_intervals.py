import builtins
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_ind

from bot.league.intervals import Moments, points_interval, welch, wilson


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


@pytest.fixture
def small_installation(monkeypatch: pytest.MonkeyPatch) -> None:
    """No SciPy."""
    really_import = builtins.__import__

    def without(name: str, *args: Any) -> Any:
        if name.partition(".")[0] == "scipy":
            raise ModuleNotFoundError(name=name)
        return really_import(name, *args)

    monkeypatch.setattr(builtins, "__import__", without)


@pytest.mark.usefixtures("small_installation")
def test_without_scipy_few_values_have_no_interval() -> None:
    rng = np.random.default_rng(1)
    few = Moments.of(rng.normal(size=20).tolist())
    assert welch(few, few) is None


@pytest.mark.usefixtures("small_installation")
def test_without_scipy_many_values_have_one_that_is_near_enough() -> None:
    rng = np.random.default_rng(1)
    first, second = rng.normal(2, 1, 80).tolist(), rng.normal(1, 1, 80).tolist()
    low, high = welch(Moments.of(first), Moments.of(second)) or (0.0, 0.0)
    exact = ttest_ind(first, second, equal_var=False).confidence_interval(0.95)
    assert high - low == pytest.approx(exact.high - exact.low, rel=0.013)
    assert (low + high) / 2 == pytest.approx((exact.low + exact.high) / 2)
