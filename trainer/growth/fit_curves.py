"""Fits growth curves: boosted trees for three quantiles of how much a score still grows."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from models.growth_curves import LEVELS, Curve, Trees, scaled
from models.trajectories import Trajectory

Numbers: TypeAlias = NDArray[np.float64]

#: Stretches of time that the trees are fitted without, one after the other.
STRETCHES = 5

#: Fewer posts teach nothing: an interval of 80% needs some outside of it.
MIN_POSTS = 50

#: A post that is older by this share of all posts weighs half as much in the interval.
_HALF_LIFE = 0.25

#: Found by the error on the stretches left out (r/memes, first 60%); see docs/results.md.
_TREES: dict[str, Any] = {
    "max_iter": 80,
    "learning_rate": 0.1,
    "max_leaf_nodes": 6,
    "min_samples_leaf": 10,
    "max_features": 0.6,
    "early_stopping": False,
}


def fit_curve(
    trajectories: Sequence[Trajectory], final: Numbers, age: float, *, thinned: bool = False
) -> Curve:
    """How scores grow from an age to the horizon.

    Args:
        trajectories: readings of each post up to ``age``, the oldest post first; each has one.
        final: float64[n], their scores at the horizon.
        age: seconds.
        thinned: also learn from the same posts with fewer readings and without comments, so that
            the curve serves who reads scores less often.

    Raises:
        ValueError: there are fewer than `MIN_POSTS`.
    """
    from sklearn.ensemble import HistGradientBoostingRegressor
    from threadpoolctl import threadpool_limits

    n = len(trajectories)
    if n < MIN_POSTS:
        raise ValueError(f"{n} posts are too few for a growth curve; {MIN_POSTS} are needed")
    copies = [np.array([each.features() for each in trajectories])]
    if thinned:
        copies += [_thin(trajectories), _without_comments(trajectories)]
    features = np.concatenate(copies)
    # What no post has a number for is left out, and draws no lots for who may be looked at.
    columns = np.flatnonzero(~np.isnan(features).all(axis=0))
    features = features[:, columns]
    grown = np.arcsinh(np.tile(final, len(copies))) - features[:, 0]
    stretch = np.tile(np.arange(n) * STRETCHES // n, len(copies))
    unseen = np.empty((n, len(LEVELS)))
    fitted: list[list[Any]] = [[] for _ in LEVELS]
    with threadpool_limits(1):  # trees this small are fitted faster by one thread
        for left_out in range(STRETCHES):
            seen = stretch != left_out
            judged = ~seen[:n]
            for number, level in enumerate(LEVELS):
                model = HistGradientBoostingRegressor(
                    loss="quantile", quantile=level, random_state=left_out, **_TREES
                ).fit(_never_unknown(features[seen]), grown[seen])
                unseen[judged, number] = model.predict(features[:n][judged])
                fitted[number].append(model)
    low, middle, high = (_at_columns(_as_arrays(models), columns) for models in fitted)
    return Curve(age, n, (low, middle, high), STRETCHES, _conformal_scale(unseen, grown[:n]))


def _conformal_scale(quantiles: Numbers, outcomes: Numbers) -> float:
    """The factor by which the interval's halves hold 80% of outcomes that were not seen.

    Newer posts weigh more, because what comes next is more like them (conformal prediction where
    posts are not exchangeable: Barber, Candès, Ramdas and Tibshirani 2023).
    """
    inside = scaled(quantiles, 1.0)
    middle = inside[:, 1]
    above = (outcomes - middle) / (inside[:, 2] - middle)
    below = (middle - outcomes) / (middle - inside[:, 0])
    off = np.maximum(above, below)
    weight = 0.5 ** (np.arange(len(off))[::-1] / (len(off) * _HALF_LIFE))
    order = np.argsort(off)
    # The post to come has the weight of one more, and may be off by anything.
    share = np.cumsum(weight[order]) / (weight.sum() + 1.0)
    held = min(int(np.searchsorted(share, 0.8)), len(off) - 1)
    return max(float(off[order[held]]), 0.0)


def _never_unknown(features: Numbers) -> Numbers:
    """With a constant in columns that are unknown for all: no tree looks at a constant."""
    return np.where(np.isnan(features).all(axis=0), 0.0, features)


def _at_columns(trees: Trees, columns: NDArray[np.intp]) -> Trees:
    """Trees of some columns, as trees of all."""
    inner = trees.feature >= 0
    of_all = columns[np.where(inner, trees.feature, 0)]
    return replace(trees, feature=np.where(inner, of_all, -1).astype(np.int8))


def _thin(trajectories: Sequence[Trajectory]) -> Numbers:
    """What is seen with the first reading and the last one alone."""
    ends = [[0, -1] if len(each.ages) > 1 else [0] for each in trajectories]
    return np.array(
        [each.at(kept).features() for each, kept in zip(trajectories, ends, strict=True)]
    )


def _without_comments(trajectories: Sequence[Trajectory]) -> Numbers:
    features = []
    for each in trajectories:
        nothing = np.full(len(each.ages), np.nan)
        features.append(replace(each, comments=nothing, upvote_ratios=nothing).features())
    return np.array(features)


def _as_arrays(models: Sequence[Any]) -> Trees:
    """Trees of several models as the arrays that are served.

    scikit-learn keeps the nodes of a boosted tree as one structured array; a test holds the
    arrays' predictions against the models' own.
    """
    nodes = [each[0].nodes for model in models for each in model._predictors]  # noqa: SLF001
    size = max(map(len, nodes))

    def padded(name: str, kind: type) -> Any:
        found: NDArray[Any] = np.zeros((len(nodes), size), kind)
        for row, tree in zip(found, nodes, strict=True):
            row[: len(tree)] = tree[name]
        return found

    feature = padded("feature_idx", np.int8)
    feature[padded("is_leaf", np.bool_)] = -1
    return Trees(
        feature=feature,
        threshold=padded("num_threshold", np.float64),
        missing_left=padded("missing_go_to_left", np.bool_),
        left=padded("left", np.int16),
        right=padded("right", np.int16),
        value=padded("value", np.float64),
        start=float(sum(float(model._baseline_prediction.ravel()[0]) for model in models)),  # noqa: SLF001
    )
