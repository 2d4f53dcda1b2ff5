"""Figures of many resamples at once, beside those of the drawn posts one resample at a time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trainer.evaluation.test_figures import forecasts
from trainer.evaluation import bootstrap
from trainer.evaluation.bootstrap import resample
from trainer.evaluation.figures import figures


@settings(max_examples=25)
@given(n=st.integers(1, 40), seed=st.integers(0, 2**32 - 1), kinds=st.sampled_from([1, 2, 5, 1000]))
def test_every_figure_is_that_of_the_drawn_posts(n: int, seed: int, kinds: int) -> None:
    """Few kinds of scores and predictions are ties."""
    rng = np.random.default_rng(seed)
    scores = rng.random(kinds)[rng.integers(0, kinds, n)] * 1000
    bins = rng.dirichlet(np.ones(10), kinds)[rng.integers(0, kinds, n)]
    known = forecasts(bins, scores)
    found = resample(known, 7, seed=3)
    draw = np.random.default_rng(3)
    for number in range(7):
        wanted = figures(known.take(draw.integers(0, n, n)))
        assert found.keys() == wanted.keys()
        for name, value in wanted.items():
            assert found[name][number] == pytest.approx(value, abs=1e-9, nan_ok=True), name


def test_what_is_in_memory_at_once_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(8)
    known = forecasts(rng.dirichlet(np.ones(10), 30), rng.random(30) * 1000)
    whole = resample(known, 10, seed=1)
    monkeypatch.setattr(bootstrap, "_AT_ONCE", 90)
    for name, values in resample(known, 10, seed=1).items():
        assert values == pytest.approx(whole[name], abs=1e-12)
