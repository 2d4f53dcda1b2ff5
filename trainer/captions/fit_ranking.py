"""What the network's merit, a caption's words and its likelihood count in ranking captions."""

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

Floats = NDArray[np.float64]
#: Inverse of the penalty; the three features leave little to overfit.
_STRENGTH = 0.01


def fit_ranking(features: Floats, pairs: NDArray[np.int64]) -> Floats:
    """Weights of features by which the first caption of a pair comes out above the second.

    Logistic regression on the difference of the two.

    Args:
        features: [n, f], of captions that none of them was fitted on.
        pairs: [m, 2], rows of captions, the one with more votes first.

    Returns:
        [f], log-odds for a unit of each feature.
    """
    spread = features.std(axis=0)
    apart = (features[pairs[:, 0]] - features[pairs[:, 1]]) / spread
    # Half of them the other way round: the regression wants both answers.
    sign = np.where(np.arange(len(pairs)) % 2, 1, -1)
    model = LogisticRegression(C=_STRENGTH, fit_intercept=False).fit(apart * sign[:, None], sign)
    found: Floats = model.coef_[0] / spread
    return found


def fit_mixture(nats: Floats, *, rounds: int = 200) -> Floats:
    """Weights of a mixture of models that each gave captions a probability.

    Expectation maximisation; the likelihood has one maximum.

    Args:
        nats: [models, n], negative log-likelihood of whole captions.

    Returns:
        [models], which add up to 1.
    """
    weights = np.full(len(nats), 1 / len(nats))
    for _ in range(rounds):
        shares = np.log(weights)[:, None] - nats
        shares -= np.logaddexp.reduce(shares, axis=0)
        weights = np.maximum(np.exp(shares).mean(axis=1), 1e-12)
    return weights


def mixed(nats: Floats, weights: Floats) -> Floats:
    """Negative log-likelihood of whole captions by the mixture: [n]."""
    found: Floats = -np.logaddexp.reduce(np.log(weights)[:, None] - nats, axis=0)
    return found
