"""Proper scores of probabilistic predictions, for serving and training. Pure NumPy.

What only an evaluation needs (classes, ranks, pairs) is `trainer.evaluation.metrics`.
"""

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

#: Probabilities are not taken to be smaller than this in a log loss (as in scikit-learn).
EPSILON = float(np.finfo(np.float64).eps)


def log_losses(probabilities: Numbers, targets: Numbers) -> Numbers:
    """Log loss of each row, in nats: ``-Σ target · ln(probability)``.

    Args:
        probabilities: float64 [n, k], rows sum to 1.
        targets: float64 [n, k], rows sum to 1; one-hot, or shares where a label is uncertain.
    """
    losses: Numbers = -(targets * np.log(np.clip(probabilities, EPSILON, 1))).sum(axis=1)
    return losses


def ranked_probability_scores(probabilities: Numbers, targets: Numbers) -> Numbers:
    """Ranked probability score of each row, 0 (best) to 1.

    The squared differences of the two cumulative distributions, averaged over the k - 1 inner
    borders.
    """
    gaps = np.cumsum(probabilities, axis=1)[:, :-1] - np.cumsum(targets, axis=1)[:, :-1]
    scores: Numbers = (gaps**2).mean(axis=1)
    return scores


def brier_scores(probabilities: Numbers, targets: Numbers) -> Numbers:
    """Brier score of each row: squared differences summed over the classes, 0 to 2."""
    scores: Numbers = ((probabilities - targets) ** 2).sum(axis=1)
    return scores
