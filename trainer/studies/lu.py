"""The first seed study: r/memes images in three classes, from pixels alone, beside ours.

Classes by score ≤ 2000, ≤ 20000 or more; of each class the first fifth in the order of file names
validates; images resized to 224 (and 160) by nearest neighbour and scaled by 1/255; MobileNetV2
frozen, its average pooled, 128 rectified units, three-way softmax; Adam, batches of 32, five and
ten epochs.
"""

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.percentiles import BucketRule
from trainer.data.file_posts import FilePosts
from trainer.data.labelled_posts import LabelledPosts
from trainer.data.reference import Reference
from trainer.evaluation import metrics
from trainer.evaluation.figure_names import BUCKETS
from trainer.evaluation.figures import Forecasts, figures
from trainer.evaluation.fit_calibrated import fit_to_serve
from trainer.evaluation.forecasting import predict_rows
from trainer.head.recipe import Recipe
from trainer.studies.lu_network import SIDES, Numbers, Progress, Split, pixels_of, study

RULE = BucketRule(2000, 20000)
VALIDATION = 0.2
#: Our head as `main.py reproduce lu` names it, without and with records of validation posts.
OURS, FOLLOWED = "ours, no records", "ours, authors followed"


#: Figures of the comparison, in the order of its columns.
SHOWN = (
    "accuracy", "macro_f1", "log_loss_skill", "ordinal_loss_reduction", "spearman",
    "pair_accuracy", "ece",
)  # fmt: skip


@dataclass(slots=True)
class Result:
    """One seed of one contender: its figures, its confusion, its accuracy by epoch, its time."""

    name: str
    seed: int
    figures: dict[str, float]
    confusion: NDArray[np.int64]
    seconds: float
    train_accuracy: list[float]
    validate_accuracy: list[float]


def classes_of(scores: Numbers) -> NDArray[np.int64]:
    """0 for a score of at most 2000, 1 for at most 20000, 2 for more."""
    return (scores > 2000).astype(np.int64) + (scores > 20000)


def split_of(ids: list[str], classes: NDArray[np.int64]) -> Split:
    """The first fifth of each class in the order of file names validates."""
    names = np.array(ids)
    validate = []
    for kind in range(len(BUCKETS)):
        rows = np.flatnonzero(classes == kind)
        rows = rows[np.argsort(names[rows], kind="stable")]
        validate.append(rows[: int(VALIDATION * len(rows))])
    held_out = np.sort(np.concatenate(validate))
    return Split(np.setdiff1d(np.arange(len(names)), held_out), held_out)


def ten_bins(probabilities: Numbers, cuts: tuple[float, float]) -> Numbers:
    """Three buckets spread evenly over their shares of the ten bins: float64 [n, 10].

    For the figures that need ten bins: order and ordinal loss. Classes are scored as they are.
    """
    edges = np.linspace(0, 1, 11)
    borders = (0.0, *cuts, 1.0)
    spread = np.zeros((len(BUCKETS), 10))
    for bucket in range(len(BUCKETS)):
        overlap = np.minimum(edges[1:], borders[bucket + 1]) - np.maximum(
            edges[:-1], borders[bucket]
        )
        covered = np.clip(overlap, 0, None)
        spread[bucket] = covered / covered.sum()
    return probabilities @ spread


def forecasts_of(
    scores: Numbers, split: Split, bins: Numbers, stated: Numbers | None = None
) -> Forecasts:
    """Predictions of the validation posts beside the results, ranked among the training posts.

    Args:
        scores: of all posts.
        split: the study's.
        bins: float64 [n, 10].
        stated: the study's three classes, which are scored as they are, float64 [n, 3].
    """
    reference = Reference(np.sort(scores[split.train]))
    judged = scores[split.validate]
    n = len(judged)
    return Forecasts(
        bins, judged, np.zeros(n, np.int64), reference.intervals(judged),
        np.tile(reference.cuts(RULE), (n, 1)), reference.buckets(judged, RULE),
        np.tile(reference.base(RULE), (n, 1)), stated,
    )  # fmt: skip


def result_of(
    name: str, seed: int, forecasts: Forecasts, seconds: float, **by_epoch: Any
) -> Result:
    """The figures of one contender."""
    predicted = forecasts.bucket_probabilities().argmax(axis=1)
    return Result(
        name, seed, figures(forecasts), metrics.confusion(predicted, forecasts.bucket, 3), seconds,
        by_epoch.get("train", []), by_epoch.get("validate", []),
    )  # fmt: skip


def posts_of(file_posts: FilePosts, split: Split, *, followed: bool) -> LabelledPosts:
    """The posts as the head sees them, with the records of their authors.

    Records at a training post count training posts only: no validation label is fitted on.

    Args:
        file_posts: of the whole file.
        split: the study's.
        followed: a record at a validation post counts earlier validation posts whose score was
            final by then, as it does for a bot in that community, and for `main.py evaluate`;
            otherwise training posts only, and as those are later there are none.
    """
    ids = file_posts.ids
    posts = file_posts.labelled(counted={ids[row] for row in split.train})
    if not followed:
        return posts
    known = file_posts.labelled(
        reference=Reference(np.sort(posts.score[split.train])),
        counted={ids[row] for row in split.validate},
    )
    metadata = np.array(posts.groups["metadata"])
    metadata[split.validate] = known.groups["metadata"][split.validate]
    return replace(posts, groups={**posts.groups, "metadata": metadata})


def ours(file_posts: FilePosts, split: Split, *, seed: int, recipe: Recipe) -> list[Result]:
    """Our head fitted on the study's training images alone, with and without authors' records."""
    started = time.perf_counter()
    unseen = posts_of(file_posts, split, followed=False)
    head = fit_to_serve(unseen.take(split.train), recipe=recipe, seed=seed)
    seconds = time.perf_counter() - started
    known = posts_of(file_posts, split, followed=True)
    return [
        result_of(
            name,
            seed,
            forecasts_of(posts.score, split, predict_rows(head, posts, split.validate)),
            seconds,
        )
        for name, posts in ((OURS, unseen), (FOLLOWED, known))
    ]


def reproduce(
    file_posts: FilePosts,
    images: Path,
    *,
    weights: Path,
    seeds: int,
    recipe: Recipe | None = None,
    sides: tuple[int, ...] = SIDES,
    progress: Progress = lambda *_: None,
) -> tuple[Split, NDArray[np.int64], list[Result]]:
    """Every contender for every seed, on the study's split.

    Args:
        file_posts: of the whole file.
        images: folder of the images.
        weights: Keras weights of the study's backbone.
        seeds: how many of each contender.
        recipe: of our head.
        sides: of the study's images, pixels.
        progress: told the stage, and how much of how much is done.
    """
    ids = file_posts.ids
    scores = np.array([file_posts.posts[number].score for number in sorted(file_posts.seen)])
    classes = classes_of(scores)
    split = split_of(ids, classes)
    cuts = Reference(np.sort(scores[split.train])).cuts(RULE)
    results = []
    for side in sides:
        pixels = pixels_of(ids, images, side)
        for seed, epochs, found, train, validate, seconds in study(
            pixels, classes, split,
            weights=weights, seeds=range(1, seeds + 1), progress=progress,
        ):  # fmt: skip
            forecasts = forecasts_of(scores, split, ten_bins(found, cuts), found)
            name = f"study, {side} px, {epochs} epochs"
            results.append(
                result_of(name, seed, forecasts, seconds, train=train, validate=validate)
            )
    for seed in range(1, seeds + 1):
        progress("our head", seed - 1, seeds)
        results += ours(file_posts, split, seed=seed, recipe=recipe or Recipe())
    return split, classes, results
