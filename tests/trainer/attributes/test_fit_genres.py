"""Fitting the genre head, on points that stand for embeddings."""

import numpy as np
import pytest

from models.attributes.genre import GENRES
from trainer.attributes.fit_genres import (
    LabelledGenres,
    best_temperature,
    cross_validate,
    fit_head,
    report,
)


def points(seed: int = 0, each: int = 90) -> LabelledGenres:
    """Genres that differ in one number of sixteen; each group is five near-duplicates."""
    random = np.random.default_rng(seed)
    genre = np.repeat(np.arange(len(GENRES)), each)
    embeddings = random.normal(size=(len(genre), 16)).astype(np.float32)
    embeddings[np.arange(len(genre)), genre] += 4
    return LabelledGenres(
        embeddings, genre, np.array([f"g{row // 5}" for row in range(len(genre))])
    )


def test_a_head_finds_what_can_be_found() -> None:
    data = points()
    found = cross_validate(data, backbone="b")
    assert found.sum(axis=1) == pytest.approx(1)
    figures = report(found, data.genre)
    assert figures["accuracy"]["low"] <= figures["accuracy"]["value"] <= figures["accuracy"]["high"]
    assert figures["accuracy"]["value"] > 0.8
    assert figures["macro_f1_over"] == list(GENRES)


def test_labels_that_mean_nothing_are_not_learned() -> None:
    data = points()
    shuffled = np.random.default_rng(1).permutation(data.genre)
    nonsense = LabelledGenres(data.embeddings, shuffled, data.group)
    found = cross_validate(nonsense, backbone="b")
    assert (found.argmax(axis=1) == shuffled).mean() < 0.3


def test_a_genre_without_examples_has_no_probability() -> None:
    data = points()
    known = data.genre != 3
    head = fit_head(data.embeddings[known], data.genre[known], backbone="b", temperature=1.0)
    assert head.probabilities(data.embeddings)[:, 3].max() < 1e-6


def test_the_temperature_undoes_overconfidence() -> None:
    random = np.random.default_rng(0)
    truth = random.integers(len(GENRES), size=2000)
    logits = random.normal(size=(2000, len(GENRES)))
    logits[np.arange(2000), truth] += 1.5
    sharp = np.exp(3 * logits)
    found = best_temperature(sharp / sharp.sum(axis=1, keepdims=True), truth)
    assert found == pytest.approx(2, rel=0.15), (
        "of shifts by 1.5, the odds are 1.5 times the logits"
    )
