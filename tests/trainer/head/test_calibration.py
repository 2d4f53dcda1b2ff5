import numpy as np
import pytest

from models.head import softmax
from trainer.head.calibration import HIGHEST, fit_temperature


def test_it_finds_the_temperature_that_the_labels_were_drawn_at() -> None:
    rng = np.random.default_rng(1)
    logits = rng.normal(size=(20_000, 10)) * 2
    true = softmax(logits / 1.6)
    drawn = (true.cumsum(axis=1) < rng.random((20_000, 1))).sum(axis=1)
    assert fit_temperature(logits, np.eye(10)[drawn]) == pytest.approx(1.6, abs=0.05)


def test_a_head_that_knows_nothing_is_flattened() -> None:
    rng = np.random.default_rng(2)
    logits = rng.normal(size=(5_000, 10)) * 3
    temperature = fit_temperature(logits, np.eye(10)[rng.integers(0, 10, 5_000)])
    assert temperature > HIGHEST / 2


def test_without_posts_nothing_changes() -> None:
    assert fit_temperature(np.empty((0, 10)), np.empty((0, 10))) == 1


def test_few_posts_move_it_little() -> None:
    rng = np.random.default_rng(3)
    logits = rng.normal(size=(20, 10)) * 0.3
    drawn = np.eye(10)[rng.integers(0, 10, 20)]
    assert 0.8 < fit_temperature(logits, drawn) < 1.25
