from math import exp, inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_ind

from bot.league.intervals import Moments
from bot.reports.reply_effect import reply_effect


def test_the_interval_of_the_effect_is_welchs() -> None:
    rng = np.random.default_rng(2)
    replied = np.log1p(rng.poisson(30, 300))
    silent = np.log1p(rng.poisson(26, 12))
    effect = reply_effect(Moments.of(replied), Moments.of(silent))
    assert effect is not None
    interval = ttest_ind(replied, silent, equal_var=False).confidence_interval(0.95)
    assert effect.factor == pytest.approx(exp(replied.mean() - silent.mean()))
    assert effect.interval == pytest.approx((exp(interval.low), exp(interval.high)), rel=1e-9)


def test_the_effect_waits_for_both_sides() -> None:
    assert reply_effect(Moments(100, 1.0, 1.0), Moments(1, 1.0, 1.0)) is None
    assert reply_effect(Moments(1, 1.0, 1.0), Moments(100, 1.0, 1.0)) is None
    assert reply_effect(Moments(2, 1.0, 1.0), Moments(2, 1.0, 1.0)) is not None


@given(
    st.lists(st.integers(-5, 10_000), min_size=2, max_size=20),
    st.lists(st.integers(-5, 10_000), min_size=2, max_size=20),
)
def test_the_effect_lies_in_its_interval(replied: list[int], silent: list[int]) -> None:
    sides = (np.log1p(np.maximum(side, 0)) for side in (replied, silent))
    effect = reply_effect(*map(Moments.of, sides))
    assert effect is not None
    low, high = effect.interval
    assert 0 < low <= effect.factor * 1.000001
    assert effect.factor <= high * 1.000001 < inf
