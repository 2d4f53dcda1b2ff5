"""Weights of what ranks captions, and of models that are mixed."""

import numpy as np
import pytest

from trainer.captions.fit_ranking import fit_mixture, fit_ranking, mixed


def test_what_tells_votes_counts_whatever_its_unit() -> None:
    random = np.random.default_rng(1)
    worth = random.normal(size=400)
    features = np.stack([1000 * worth, random.normal(size=400)], axis=1)
    rows = random.integers(0, 400, (3000, 2))
    higher = worth[rows[:, 0]] > worth[rows[:, 1]]
    pairs = np.where(higher[:, None], rows, rows[:, ::-1])
    first, second = fit_ranking(features, pairs) * features.std(axis=0)
    assert first > 1
    assert abs(second) < 0.2


def test_a_mixture_is_no_worse_than_its_best_part() -> None:
    random = np.random.default_rng(2)
    nats = random.gamma(20, 2, (3, 500))
    weights = fit_mixture(nats)
    assert weights.sum() == pytest.approx(1)
    assert mixed(nats, weights).sum() < nats.sum(axis=1).min()
    alone = fit_mixture(np.stack([nats[0], nats[0] + 5]))
    assert alone[0] == pytest.approx(1, abs=0.01)
