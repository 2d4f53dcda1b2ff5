"""Evaluating a model version on posts that are not stored."""

from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.backbone import Backbone
from models.features import Features
from models.head import Head
from models.percentiles import BucketRule
from storage.errors import ExpectedError
from trainer.data.file_posts import Progress, ReadText, read_file_posts
from trainer.data.fitted_on import FittedOn
from trainer.data.labelled_posts import LabelledPosts
from trainer.data.reference import Reference
from trainer.evaluation.evaluate import Evaluation, evaluate_twice
from trainer.evaluation.figures import Forecasts
from trainer.evaluation.forecasting import predict_rows
from trainer.refit.report import write_evaluation_report


class NothingToEvaluate(ExpectedError):
    """No post of the file can be judged; the message says why."""


def evaluate_file(
    path: Path,
    images: Path,
    *,
    version: Path,
    backbone: Backbone,
    rule: BucketRule,
    now: datetime,
    report_to: Path | None = None,
    read_text: ReadText | None = None,
    progress: Progress | None = None,
) -> tuple[Evaluation, Counter[str]]:
    """Predict the posts of a file and compare with their scores.

    Percentiles and base rates are those of the labels that the version was trained on. An
    author's record counts earlier posts of the file whose score was final by then; every figure
    stands once more for predictions without any.

    Args:
        path: a TinyDB export or a list of posts.
        images: folder of the images, named by the posts' ids.
        version: folder of the model version.
        backbone: the one that the version was fitted on.
        rule: the buckets.
        now: posts dated later are dropped.
        report_to: folder for ``report.md`` and its plots; None: none is written.
        read_text: reads text in an image; None: text is not looked for.
        progress: told how many of how many posts were looked at.

    Returns:
        The evaluation, and how many rows were left out, by reason.

    Raises:
        NothingToEvaluate: no row has a score, a date and an image.
        PostsFileRefused: the file is not a file of posts.
        HeadUnusable: the version's head cannot serve.
    """
    head = Head.load(version)
    trained_on = Reference.load(version)
    file_posts = read_file_posts(
        path, images, backbone, now=now, read_text=read_text, progress=progress
    )
    posts = file_posts.labelled(reference=trained_on)
    if not len(posts):
        left_out = ", ".join(f"{count} {reason}" for reason, count in posts.dropped.items())
        raise NothingToEvaluate(f"{path} has no post to evaluate on. Left out: {left_out or '—'}.")
    posts, notes = _unseen(posts, FittedOn.load(version), is_trained=trained_on is not None)
    reference = trained_on or Reference.of(posts.score)
    rows = np.arange(len(posts))
    found = evaluate_twice(
        _forecasts(posts, predict_rows(head, posts, rows), reference, rule),
        _forecasts(posts, head.predict_groups(_strangers(posts)), reference, rule),
    )
    found.notes += notes
    found.notes += _notes(posts, is_trained=trained_on is not None)
    if report_to is not None:
        write_evaluation_report(
            report_to, found, dropped=posts.dropped,
            title=f"Evaluation of {version.name}",
            intro=f"{len(posts)} posts of {path.name}.\n",
        )  # fmt: skip
    return found, posts.dropped


def _unseen(
    posts: LabelledPosts, fitted_on: FittedOn | None, *, is_trained: bool
) -> tuple[LabelledPosts, list[str]]:
    """The posts that the version was not fitted on, and what is to be said of the others."""
    if not is_trained:
        return posts, []
    if fitted_on is None:
        return posts, [
            (
                "This version does not say what it was fitted on: posts of it may be among these, "
                "and then the figures are too good."
            )
        ]
    overlap = fitted_on.overlap(posts)
    count, n = int(overlap.sum()), len(posts)
    if count == n:
        return posts, [
            (
                f"The version was fitted on all {n} posts (by id or by a near-duplicate of the "
                "image): these figures say how well it remembers them, not how well it predicts."
            )
        ]
    if not count:
        return posts, [
            (
                "None of the posts was fitted on: no id and no near-duplicate of an image is among "
                "what the version keeps of its training."
            )
        ]
    unseen = posts.take(np.flatnonzero(~overlap))
    unseen.dropped = posts.dropped + Counter({"the version was fitted on it": count})
    return unseen, [
        (
            f"The version was fitted on {count} of the {n} posts (by id or by a near-duplicate of "
            f"the image); the figures are of the other {n - count}."
        )
    ]


def _forecasts(
    posts: LabelledPosts, bins: NDArray[np.float64], reference: Reference, rule: BucketRule
) -> Forecasts:
    n = len(posts)
    return Forecasts(
        bins, posts.score, posts.community, reference.intervals(posts.score),
        np.tile(reference.cuts(rule), (n, 1)), reference.buckets(posts.score, rule),
        np.tile(reference.base(rule), (n, 1)),
    )  # fmt: skip


def _strangers(posts: LabelledPosts) -> dict[str, NDArray[Any]]:
    """The groups as if nobody had ever posted before."""
    blank = Features().blanks()["author"]["metadata"]
    values = posts.groups["metadata"]
    return {**posts.groups, "metadata": np.where(np.isnan(blank), values, blank)}


def _notes(posts: LabelledPosts, *, is_trained: bool) -> list[str]:
    notes = []
    if not is_trained:
        notes.append(
            "The version was never trained: percentiles and base rates are those of the file."
        )
    counts = posts.groups["metadata"][:, Features().metadata_names.index("author_n")]
    notes.append(
        f"{int((counts > 0).sum())} of {len(posts)} posts have a record of their author, from "
        "earlier posts of the file. Every figure stands twice: with these records, and with every "
        "record hidden."
    )
    return notes
