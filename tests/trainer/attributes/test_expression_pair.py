"""The answers of two networks, fold by fold, put together."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("keras")

from models.attributes.expressions import EXPRESSIONS
from trainer.attributes.expression_pair import join, mean
from trainer.attributes.expression_study import FOLDS
from trainer.attributes.labelled_faces import LabelledFaces


def test_the_mean_is_geometric_and_adds_up_to_one() -> None:
    first, second = np.array([[0.9, 0.1]], np.float32), np.array([[0.5, 0.5]], np.float32)
    found = mean([first, second])
    assert found == pytest.approx(np.array([[0.75, 0.25]]), abs=1e-3)
    assert mean([np.array([[1.0, 0.0]], np.float32)]).sum() == pytest.approx(1)


def test_answers_lie_at_their_faces_and_the_pair_knows_what_one_does(tmp_path: Path) -> None:
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
        }
        np.savez(tmp_path / f"{fold}.npz", **answers)  # type: ignore[arg-type]

    found = join(faces, tmp_path)

    assert found["pair"]["accuracy"] == 1
    assert found["residual"]["four_accuracy"] == 1
    with np.load(tmp_path / "arrays.npz") as file:
        assert (file["probabilities/pair"].argmax(1) == truth).all()
