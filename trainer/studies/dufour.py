"""The second seed study: regression, yes or no, and ten bins of a popularity measure, beside ours.

The study trained networks on image features for each of three tasks. Its part is played by linear
models on the embedding (closed form, ridge); ours is the head's one distribution, read three ways.
"""

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
from storage.errors import ExpectedError
from storage.files.post_rows import read_rows
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


#: Fewer posts with an image than this are not worth a split.
MIN_POSTS = 20


class StudyRefused(ExpectedError):
    """The study cannot be made from these posts; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Measures:
    """Means, deviations and correlations of the measures at hand, and those that are missing.

    Each is over the rows that have it, a correlation over those that have both; NaN where there are
    fewer than two such rows or one of both never varies among them.
    """

    names: list[str]
    means: Numbers
    deviations: Numbers
    correlations: Numbers
    missing: list[str]


def measures_of(path: Path) -> Measures:
    """Read the popularity measures of an export; a measure that never varies counts as missing."""
    rows = [row.values for row in read_rows(path).rows if row.fault is None]
    columns: dict[str, Numbers] = {}
    for name, keys in MEASURES.items():
        values = np.array([_number(row, keys) for row in rows])
        known = values[np.isfinite(values)]
        if len(known) and known.std() > 0:
            columns[name] = values
    found = list(columns.values())
    return Measures(
        list(columns),
        np.array([np.nanmean(each) for each in found]),
        np.array([np.nanstd(each) for each in found]),
        np.array([[_correlation(a, b) for b in found] for a in found]),
        [name for name in MEASURES if name not in columns],
    )


def _correlation(a: Numbers, b: Numbers) -> float:
    both = np.isfinite(a) & np.isfinite(b)
    if both.sum() < 2 or not np.ptp(a[both]) or not np.ptp(b[both]):
        return math.nan
    return float(np.corrcoef(a[both], b[both])[0, 1])


def measure_to_study(measures: Measures, asked: str | None, path: Path) -> str:
    """The measure that plays the score: the one asked for, or the first that the file has.

    Raises:
        StudyRefused: the file does not have it, or it is the same for every post.
    """
    if asked is not None and asked not in MEASURES:
        raise StudyRefused(f"{asked!r} is no measure: say one of {', '.join(MEASURES)}.")
    if not measures.names or (asked is not None and asked not in measures.names):
        raise StudyRefused(
            f"{path.name} has no {asked or 'measure of popularity'} that varies from post to post"
            f" (it has: {', '.join(measures.names) or 'none'}); there is nothing to tell apart."
        )
    return asked or measures.names[0]


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
    #: The share of judged posts above the threshold, 0 to 1.
    yes: float


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

    Raises:
        StudyRefused: too few posts, all alike, or all on one side of the threshold.
    """
    if len(posts) < MIN_POSTS:
        raise StudyRefused(
            f"Only {len(posts)} posts have a score, a date and an image; {MIN_POSTS} are needed."
        )
    spread = posts.score.std()
    near = np.abs(posts.score - posts.score.mean()) <= DEVIATIONS * spread
    kept = posts.take(np.flatnonzero(near))
    split = time_split(kept.posted_at, near_duplicate_groups(kept.phash), shares=(0.8, 0, 0, 0.2))
    train, test = split.fit, split.judge
    x = kept.groups["embedding"].astype(np.float64)
    scores = kept.score
    _refuse_alike(scores[train], scores[test])
    middle = _median(scores[train]) if threshold is None else threshold
    yes = scores > middle
    _refuse_one_sided(yes[train], yes[test], middle, scores)
    reference = Reference(np.sort(scores[train]))
    percentile = reference.intervals(scores).middle
    bins = np.clip((percentile * 10).astype(np.int64), 0, 9)
    outcomes = [
        *_regression("mean of the training scores", 0, np.full(len(test), scores[train].mean()),
                     scores[test], scores[train].mean()),
        *_regression("study: linear on the embedding", 0, ridge(x[train], scores[train], x[test]),
                     scores[test], scores[train].mean()),
        *_yes_no(
            f"always {'yes' if yes[train].mean() > 0.5 else 'no'}", 0,
            np.full(len(test), float(yes[train].mean() > 0.5)), yes[test],
        ),
        *_yes_no("study: linear on the embedding", 0,
                 ridge(x[train], yes[train].astype(float), x[test]), yes[test]),
        *_bins("chance (the mean bin)", 0, np.full(len(test), 4.5), bins[test]),
        *_bins("study: linear on the embedding", 0,
               ridge(x[train], bins[train].astype(float), x[test]), bins[test]),
    ]  # fmt: skip
    # What a post in a bin scores on average, by the training labels; ties leave bins empty.
    filled = np.unique(bins[train])
    means = [scores[train][bins[train] == k].mean() for k in filled]
    worth = np.interp(np.arange(10), filled, means)
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
    return Reproduction(outcomes, removed, len(train), len(test), middle, float(yes[test].mean()))


def _median(scores: Numbers) -> float:
    """The median; the highest score below it where ties make it the highest of all."""
    middle = float(np.median(scores))
    lower = scores[scores < middle]
    return float(lower.max()) if middle == scores.max() and len(lower) else middle


def _refuse_alike(train: Numbers, test: Numbers) -> None:
    for scores, which in ((train, "trained on"), (test, "judged")):
        if len(scores) == 0 or not np.ptp(scores):
            raise StudyRefused(
                f"The {len(scores)} posts that would be {which} have no two different scores:"
                " there is nothing to tell apart."
            )


def _refuse_one_sided(
    train: NDArray[np.bool_], test: NDArray[np.bool_], threshold: float, scores: Numbers
) -> None:
    for yes, which in ((train, "trained on"), (test, "judged")):
        if yes.all() or not yes.any():
            raise StudyRefused(
                f"{'Every' if yes.all() else 'No'} post that would be {which} is above"
                f" {threshold:g}: any answer would always be right. The scores go from"
                f" {scores.min():g} to {scores.max():g}: give a --threshold between, or leave it"
                " out for the median."
            )


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
                    squared, float(((actual - mean) ** 2).mean()), n=len(actual)
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
            {
                "euclidean loss": lost,
                "reduction against chance": metrics.skill(lost, chance, n=len(actual)),
            },
        )
    ]  # fmt: skip
