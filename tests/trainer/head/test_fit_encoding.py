"""The main directions that encodings keep."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from trainer.head.fit_encoding import main_directions


@pytest.mark.parametrize(("rows", "width"), [(400, 60), (12, 60), (400, 5)])
def test_main_directions_are_those_of_scikit_learn(rows: int, width: int) -> None:
    rng = np.random.default_rng(rows + width)
    values = rng.normal(size=(rows, width)) / np.arange(1, width + 1)
    values = (values - values.mean(axis=0)).astype(np.float32)
    found = main_directions(values, 8)
    assert found.shape == (width, min(8, rows, width))
    expected = PCA(found.shape[1], svd_solver="covariance_eigh").fit(values).components_.T
    assert found == pytest.approx(expected, abs=1e-4)
    # Each is turned so that its largest number is above 0.
    assert (found[np.abs(found).argmax(axis=0), np.arange(found.shape[1])] > 0).all()
