import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ks_2samp

from bot.reports.label_shift import label_shift


def test_the_distance_is_that_of_kolmogorov_and_smirnov() -> None:
    rng = np.random.default_rng(1)
    recent, earlier = rng.poisson(12, 80).astype(float), rng.poisson(9, 400).astype(float)
    shift = label_shift(list(recent), list(earlier))
    assert shift is not None
    expected = ks_2samp(recent, earlier, method="asymp")
    assert shift.distance == pytest.approx(expected.statistic)
    assert (shift.distance > shift.bound) == (expected.pvalue < 0.001)


def test_labels_that_do_not_shift_seldom_look_as_if_they_did() -> None:
    rng = np.random.default_rng(1)
    shifted = 0
    for _ in range(500):
        scores = np.floor(np.exp(rng.normal(2, 1.2, 230))).tolist()
        shift = label_shift(scores[:30], scores[30:])
        assert shift is not None
        shifted += shift.is_shifted
    assert shifted <= 3


@given(st.lists(st.integers(-3, 50), max_size=60), st.lists(st.integers(-3, 50), max_size=150))
def test_any_labels_can_be_compared(recent: list[int], earlier: list[int]) -> None:
    shift = label_shift([*map(float, recent)], [*map(float, earlier)])
    if shift is not None:
        assert 0 <= shift.distance <= 1
