"""Proper scores of probabilistic predictions, for serving and training. Pure NumPy.

What only an evaluation needs (classes, ranks, pairs) is `trainer.evaluation.metrics`.
"""

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

#: Probabilities are not taken to be smaller than this in a log loss (as in scikit-learn).
EPSILON = float(np.finfo(np.float64).eps)

#: Fewer labels than this tell nothing about skill.
MIN_LABELS = 10
#: Where the base rate loses less than this a label (in units of the score: RPS, nats or squared
#: bins), there is nothing to gain: all scores tie, and a share of such a loss is rounding dust.
#: A community without ties loses about 0.17 (RPS) and 1.1 nats.
MIN_BASE_LOSS = 0.01


def why_no_skill(n: int, base_loss: float) -> str | None:
    """Why nothing can be told yet about skill; None where it can.

    Everything that shows or uses skill asks this, directly or through `skill`.

    Args:
        n: labels.
        base_loss: mean loss of the base rate over them.
    """
    if n < MIN_LABELS:
        return f"only {n} labels; {MIN_LABELS} are needed"
    if not base_loss >= MIN_BASE_LOSS:
        return "nearly all scores tie, so that they cannot be compared"
    return None


def skill(loss: float, base_loss: float, *, n: int) -> float | None:
    """The share of the base rate's mean loss that is saved: 1 is perfect, 0 no better.

    Args:
        loss: mean loss of the predictions over ``n`` labels.
        base_loss: mean loss of the base rate over the same.
        n: labels.

    Returns:
        The skill; None where there is nothing to tell yet (`why_no_skill`).
    """
    return None if why_no_skill(n, base_loss) else 1 - loss / base_loss


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


def average_precision(is_positive: NDArray[np.bool_], ranks: Numbers) -> float | None:
    """Area under precision and recall (average precision), 0 to 1; None without a positive.

    Rows of the same rank count together, so that their order does not matter (as in
    scikit-learn).

    Args:
        is_positive: bool [n].
        ranks: float64 [n]; the higher, the sooner a row is taken for positive.
    """
    if not is_positive.any():
        return None
    order = np.argsort(-ranks, kind="stable")
    last = np.append(np.flatnonzero(np.diff(ranks[order])), len(ranks) - 1)
    found = np.cumsum(is_positive[order])[last]
    return float((np.diff(found, prepend=0) * found / (last + 1)).sum() / found[-1])
