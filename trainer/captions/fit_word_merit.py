"""Fitting what captions' words say of their votes: ridge regression."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.linear_model import Ridge

from models.captions.emotions import BUCKETS, hashed, weighted
from models.captions.word_merit import WordMerit

#: The penalty, chosen on the captions between the eighth and the ninth tenth in time.
_PENALTY = 8.0


def fit_word_merit(texts: Sequence[str], merit: NDArray[np.float32]) -> WordMerit:
    """Fit on texts with their places, 0 to 1; the last tenth says how much it varies."""
    seen = np.zeros(BUCKETS, np.float32)
    for text in texts:
        seen[hashed(text)[0]] += 1
    rarity = (np.log((1 + len(texts)) / (1 + seen)) + 1).astype(np.float32)
    matrix = word_matrix(texts, rarity)
    cut = len(texts) * 9 // 10
    early = Ridge(alpha=_PENALTY).fit(matrix[:cut], merit[:cut])
    deviation = float(np.std(early.predict(matrix[cut:]))) or 1.0
    model = Ridge(alpha=_PENALTY).fit(matrix, merit)
    return WordMerit(rarity, model.coef_.astype(np.float32), float(model.intercept_), deviation)


def word_matrix(texts: Sequence[str], rarity: NDArray[np.float32]) -> csr_matrix:
    """Texts as rows of weighted buckets: float32 [n, BUCKETS]."""
    rows = [weighted(text, rarity) for text in texts]
    return csr_matrix(
        (
            np.concatenate([values for _, values in rows]),
            np.concatenate([buckets for buckets, _ in rows]),
            np.cumsum([0, *(len(buckets) for buckets, _ in rows)]),
        ),
        shape=(len(rows), BUCKETS),
    )
