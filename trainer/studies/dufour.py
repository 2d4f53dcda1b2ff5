"""The second seed study: regression, yes or no, and ten bins of a popularity measure, beside ours.

The study trained networks on image features for each of three tasks. Its part is played by linear
models on the embedding (closed form, ridge); ours is the head's one distribution, read three ways.
"""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from models.near_duplicates import near_duplicate_groups
from trainer.data.labelled_posts import LabelledPosts
from trainer.data.reference import Reference
from trainer.data.splits import time_split
from trainer.evaluation import metrics
from trainer.evaluation.figures import mass_below
from trainer.evaluation.fit_calibrated import fit_to_serve
from trainer.evaluation.forecasting import predict_rows
from trainer.head.recipe import Recipe

#: Scores further from the mean than this many deviations are removed, as in the study.
DEVIATIONS = 6.0

#: What the study measured, and where an export may have it.
MEASURES = {
    "score": ("ups", "score", "votes"),
    "views": ("views",),
    "comments": ("num_comments", "comments"),
    "ratio of upvotes": ("upvote_ratio", "ratio"),
    "favourites": ("favorites", "favourites", "favs"),
}

_RIDGE = 10_000.0

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Measures:
    """Means, deviations and correlations of the measures at hand, and those that are missing."""

    names: list[str]
    means: Numbers
    deviations: Numbers
    correlations: Numbers
    missing: list[str]


def measures_of(path: Path) -> Measures:
    """Read the popularity measures of an export; a measure that never varies counts as missing."""
    content = json.loads(path.read_text("utf-8"))
    rows = (
        content
        if isinstance(content, list)
        else [row for table in content.values() for row in table.values()]
    )
    columns: dict[str, Numbers] = {}
    for name, keys in MEASURES.items():
        values = np.array([_number(row, keys) for row in rows])
        known = values[np.isfinite(values)]
        if len(known) and known.std() > 0:
            columns[name] = values
    names = list(columns)
    table = np.array(list(columns.values())).reshape(len(names), -1)
    complete = table[:, np.isfinite(table).all(axis=0)]
    return Measures(
        names,
        complete.mean(axis=1),
        complete.std(axis=1),
        np.atleast_2d(np.corrcoef(complete)),
        [name for name in MEASURES if name not in columns],
    )


def _number(row: Any, keys: tuple[str, ...]) -> float:
    for key in keys:
        value = row.get(key) if isinstance(row, dict) else None
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            return float(value)
    return math.nan


@dataclass(frozen=True, slots=True)
class Outcome:
    """One contender on one task of one seed."""

    task: str
    contender: str
    seed: int
    figures: dict[str, float]


@dataclass(frozen=True, slots=True)
class Reproduction:
    """Everything the command shows."""

    outcomes: list[Outcome]
    removed: int
    trained_on: int
    judged_on: int
    threshold: float


def ridge(x: Numbers, y: Numbers, wanted: Numbers) -> Numbers:
    """Predictions for ``wanted`` [m, d] of a ridge regression of y [n] on standardised x [n, d]."""
    model = make_pipeline(StandardScaler(), Ridge(alpha=_RIDGE)).fit(x, y)
    found: Numbers = model.predict(wanted)
    return found


def reproduce(
    posts: LabelledPosts,
    *,
    seeds: int,
    threshold: float | None = None,
    recipe: Recipe | None = None,
    progress: Callable[[str, int, int], None] = lambda *_: None,
) -> Reproduction:
    """The three tasks on a split by time: the newest fifth is judged.

    Args:
        posts: with their embeddings.
        seeds: heads fitted.
        threshold: a post above it counts as a yes; the median training score if left out.
        recipe: of the head.
        progress: told the stage, and how much of how much is done.
    """
    spread = posts.score.std()
    near = np.abs(posts.score - posts.score.mean()) <= DEVIATIONS * spread
    kept = posts.take(np.flatnonzero(near))
    split = time_split(kept.posted_at, near_duplicate_groups(kept.phash), shares=(0.8, 0, 0, 0.2))
    train, test = split.fit, split.judge
    x = kept.groups["embedding"].astype(np.float64)
    scores = kept.score
    middle = float(np.median(scores[train])) if threshold is None else threshold
    yes = scores > middle
    reference = Reference(np.sort(scores[train]))
    percentile = reference.intervals(scores).middle
    bins = np.clip((percentile * 10).astype(np.int64), 0, 9)
    outcomes = [
        *_regression("mean of the training scores", 0, np.full(len(test), scores[train].mean()),
                     scores[test], scores[train].mean()),
        *_regression("study: linear on the embedding", 0, ridge(x[train], scores[train], x[test]),
                     scores[test], scores[train].mean()),
        *_yes_no("always no", 0, np.zeros(len(test)), yes[test]),
        *_yes_no("study: linear on the embedding", 0,
                 ridge(x[train], yes[train].astype(float), x[test]), yes[test]),
        *_bins("chance (the mean bin)", 0, np.full(len(test), 4.5), bins[test]),
        *_bins("study: linear on the embedding", 0,
               ridge(x[train], bins[train].astype(float), x[test]), bins[test]),
    ]  # fmt: skip
    # What a post in a bin scores on average, by the training labels.
    worth = np.array([scores[train][bins[train] == k].mean() for k in range(10)])
    cut = float((scores[train] <= middle).mean())
    for seed in range(1, seeds + 1):
        progress("our head", seed - 1, seeds)
        head = fit_to_serve(kept.take(train), recipe=recipe or Recipe(), seed=seed)
        found = predict_rows(head, kept, test)
        above = 1 - mass_below(found, np.full((len(test), 1), cut))[:, 0]
        outcomes += [
            *_regression("ours", seed, found @ worth, scores[test], scores[train].mean()),
            *_yes_no("ours", seed, above, yes[test]),
            *_bins("ours", seed, found @ np.arange(10), bins[test]),
        ]
    removed = len(posts) - int(near.sum())
    return Reproduction(outcomes, removed, len(train), len(test), middle)


def _regression(
    name: str, seed: int, found: Numbers, actual: Numbers, mean: float
) -> list[Outcome]:
    squared = float(((found - actual) ** 2).mean())
    return [
        Outcome(
            "regression of the score", name, seed,
            {
                "RMSE": math.sqrt(squared),
                "reduction of the squared error": metrics.skill(
                    squared, float(((actual - mean) ** 2).mean())
                ),
                "Spearman": metrics.spearman(found, actual),
            },
        )
    ]  # fmt: skip


def _yes_no(name: str, seed: int, found: Numbers, actual: NDArray[np.bool_]) -> list[Outcome]:
    return [
        Outcome(
            "yes or no", name, seed,
            {
                "accuracy": float(((found > 0.5) == actual).mean()),
                "AUC": metrics.area_under_curve(found, actual),
            },
        )
    ]  # fmt: skip


def _bins(name: str, seed: int, found: Numbers, actual: NDArray[np.int64]) -> list[Outcome]:
    lost = metrics.ordinal_loss(found, actual)
    chance = metrics.ordinal_loss(np.full(len(actual), 4.5), actual)
    return [
        Outcome(
            "ten bins", name, seed,
            {"euclidean loss": lost, "reduction against chance": metrics.skill(lost, chance)},
        )
    ]  # fmt: skip
