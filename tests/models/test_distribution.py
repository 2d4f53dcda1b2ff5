import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.distribution import (
    BINS,
    EDGES,
    UNIFORM,
    interval_target,
    mass_below,
    mean_percentile,
    quantile,
)

WEIGHTS = st.lists(st.floats(0, 1), min_size=BINS, max_size=BINS).filter(lambda w: sum(w) > 0.01)
DISTRIBUTIONS = WEIGHTS.map(lambda weights: np.array(weights) / sum(weights))
SHARES = st.floats(0, 1)


@given(SHARES)
def test_the_uniform_distribution_is_the_percentile_itself(share: float) -> None:
    assert mass_below(UNIFORM, share) == pytest.approx(share)
    assert quantile(UNIFORM, share) == pytest.approx(share)
    assert mean_percentile(UNIFORM) == pytest.approx(0.5)


@given(DISTRIBUTIONS)
def test_all_mass_lies_between_the_ends(bins: np.ndarray) -> None:
    assert mass_below(bins, 0) == 0
    assert mass_below(bins, 1) == pytest.approx(1)
    assert 0.05 - 1e-9 <= mean_percentile(bins) <= 0.95 + 1e-9


@given(DISTRIBUTIONS, SHARES, SHARES)
def test_mass_and_quantiles_never_fall(bins: np.ndarray, one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert mass_below(bins, low) <= mass_below(bins, high)
    assert quantile(bins, low) <= quantile(bins, high)


@given(DISTRIBUTIONS, st.floats(0, 1))
def test_mass_and_quantiles_are_those_of_numpy(bins: np.ndarray, one: float) -> None:
    cumulative = np.concatenate([[0.0], np.cumsum(bins)])
    assert mass_below(bins, one) == np.clip(np.interp(one, EDGES, cumulative), 0, 1)
    k = int(np.clip(np.searchsorted(cumulative, one) - 1, 0, BINS - 1))
    inside = (one - cumulative[k]) / bins[k] if bins[k] > 0 else 0.0
    assert quantile(bins, one) == (k + np.clip(inside, 0, 1)) / BINS


@given(DISTRIBUTIONS, SHARES)
def test_a_quantile_has_its_mass_below_it(bins: np.ndarray, probability: float) -> None:
    at = quantile(bins, probability)
    assert 0 <= at <= 1
    assert mass_below(bins, at) == pytest.approx(probability, abs=1e-6)


@pytest.mark.parametrize("number", range(BINS))
def test_a_sure_prediction_lies_inside_its_bin(number: int) -> None:
    bins = np.eye(BINS)[number]
    assert mean_percentile(bins) == pytest.approx((number + 0.5) / 10)
    assert quantile(bins, 0.5) == pytest.approx((number + 0.5) / 10)
    assert number / 10 <= quantile(bins, 0.1) < quantile(bins, 0.9) <= (number + 1) / 10


@given(SHARES, SHARES)
def test_a_label_spreads_over_the_bins_it_covers(one: float, other: float) -> None:
    low, high = sorted((one, other))
    if high - low < 1e-9:
        high, low = min(low + 0.001, 1.0), min(low, 0.999)
    target = interval_target(low, high)
    assert target.sum() == pytest.approx(1)
    assert (target >= 0).all()
    for number, mass in enumerate(target):
        if mass > 0:
            assert number / 10 < high
            assert (number + 1) / 10 > low
    # What it says on average is the middle of the interval, to within half a bin.
    assert mean_percentile(target) == pytest.approx((low + high) / 2, abs=0.05 + 1e-9)


def test_a_tie_over_two_bins_is_shared_by_what_it_covers_of_each() -> None:
    target = interval_target(0.15, 0.30)
    assert target[1] == pytest.approx(1 / 3)
    assert target[2] == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("low", "high"), [(0.5, 0.5), (0.6, 0.5), (-0.1, 0.5), (0.5, 1.1), (np.nan, 0.5)]
)
def test_what_is_no_interval_is_refused(low: float, high: float) -> None:
    with pytest.raises(ValueError, match="not a percentile interval"):
        interval_target(low, high)
