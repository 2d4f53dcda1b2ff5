"""Gradient-boosted trees on the features of the head, to compare it with."""

import importlib.util

import numpy as np
from numpy.typing import NDArray

from trainer.data.labelled_posts import LabelledPosts
from trainer.data.splits import Parts, Rows
from trainer.data.targets import soft_bins
from trainer.evaluation.figures import Forecasts
from trainer.evaluation.forecasting import intervals_of, judge_parts, ranking_of
from trainer.head.calibration import fit_temperature
from trainer.head.fit_encoding import encode, fit_encoding
from trainer.head.recipe import Recipe


class TreesMissing(Exception):
    """LightGBM, a development dependency, is not installed."""


def trees(posts: LabelledPosts, parts: Parts, recipe: Recipe, seed: int) -> Forecasts:
    """Gradient-boosted trees on the same features, stopped and calibrated on the same parts.

    Raises:
        TreesMissing: LightGBM is not installed.
    """
    if importlib.util.find_spec("lightgbm") is None:
        raise TreesMissing("not installed")
    import lightgbm

    encoding = fit_encoding(posts.groups, parts.fit, recipe)

    def columns(rows: Rows) -> NDArray[np.float32]:
        encoded = encode(encoding, posts.groups, rows)
        raw = posts.groups["metadata"][rows].astype(np.float32)
        return np.hstack([encoded["embedding"], encoded["title"], encoded["text"], raw])

    ranking = ranking_of(posts, np.concatenate([parts.fit, parts.stop]))
    targets = soft_bins(intervals_of(posts, ranking))
    booster = lightgbm.train(
        {
            "objective": "multiclass", "num_class": targets.shape[1], "learning_rate": 0.03,
            "num_leaves": 6, "min_data_in_leaf": 20, "bagging_fraction": 0.7, "bagging_freq": 1,
            "feature_fraction": 0.5, "seed": seed, "deterministic": True, "num_threads": 1,
            "verbosity": -1,
        },
        lightgbm.Dataset(columns(parts.fit), targets[parts.fit].argmax(axis=1)),
        num_boost_round=300,
        valid_sets=[lightgbm.Dataset(columns(parts.stop), targets[parts.stop].argmax(axis=1))],
        callbacks=[lightgbm.early_stopping(20, verbose=False)],
    )  # fmt: skip
    raw = np.asarray(booster.predict(columns(parts.calibrate), raw_score=True), np.float64)
    temperature = fit_temperature(raw, targets[parts.calibrate])
    judged = np.asarray(booster.predict(columns(parts.judge), raw_score=True), np.float64)
    calibrated = np.exp(judged / temperature - (judged / temperature).max(axis=1, keepdims=True))
    return judge_parts(posts, parts, calibrated / calibrated.sum(axis=1, keepdims=True))
