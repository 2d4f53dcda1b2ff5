"""The answers of networks, fold by fold, put together and balanced."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("keras")

from models.attributes.expressions import EXPRESSIONS
from trainer.attributes.balance import Balance, mean
from trainer.attributes.expression_networks import join
from trainer.attributes.expression_study import FOLDS
from trainer.attributes.labelled_faces import LabelledFaces


def test_the_mean_is_geometric_and_adds_up_to_one() -> None:
    first, second = np.array([[0.9, 0.1]], np.float32), np.array([[0.5, 0.5]], np.float32)
    found = mean([first, second])
    assert found == pytest.approx(np.array([[0.75, 0.25]]), abs=1e-3)
    assert mean([np.array([[1.0, 0.0]], np.float32)]).sum() == pytest.approx(1)


def test_answers_lie_at_their_faces_and_all_know_what_one_does(tmp_path: Path) -> None:
    count, kinds = 35, len(EXPRESSIONS)
    truth = np.arange(count) % kinds
    faces = LabelledFaces(
        np.zeros((count, 4, 4), np.uint8), truth, np.array(["a"] * count),
        np.array([str(row) for row in range(count)]),
    )  # fmt: skip
    right = np.full((count, kinds), 0.1, np.float32)
    right[np.arange(count), truth] = 0.4
    rows = np.random.default_rng(0).permutation(count)
    for fold in range(FOLDS):
        held = rows[fold::FOLDS]
        answers: dict[str, NDArray[Any]] = {
            "rows": held,
            "probabilities/residual": right[held],
            "probabilities/pretrained": np.full((len(held), kinds), 1 / kinds, np.float32),
            "probabilities/mesh": np.full((len(held), kinds), 1 / kinds, np.float32),
        }
        np.savez(tmp_path / f"{fold}.npz", **answers)  # type: ignore[arg-type]

    found = join(faces, tmp_path)

    assert found["together"]["accuracy"] == 1
    assert found["residual"]["four_accuracy"] == 1
    with np.load(tmp_path / "arrays.npz") as file:
        assert (file["probabilities/together"].argmax(1) == truth).all()


def test_what_is_found_too_seldom_is_leant_to_and_what_is_right_is_left() -> None:
    random = np.random.default_rng(1)
    logits = random.normal(size=(4000, 3)).astype(np.float32)
    true = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    drawn = np.array([random.choice(3, p=row / row.sum()) for row in true.astype(np.float64)])

    fair = Balance.fit(true.astype(np.float32), drawn)
    assert fair.sharpness == pytest.approx(1, abs=0.1)
    assert np.abs(fair.leaning).max() < 0.1

    unsure = np.exp(logits / 2 - np.array([0.0, 0.0, 0.5]))
    unsure = (unsure / unsure.sum(axis=1, keepdims=True)).astype(np.float32)
    found = Balance.fit(unsure, drawn)
    assert found.sharpness == pytest.approx(2, abs=0.2)
    assert found.leaning[2] - found.leaning[0] == pytest.approx(1, abs=0.2)
    assert np.abs(found.apply(unsure) - true).max() < 0.05
