"""Prequential replay: posts arrive in order, each is predicted before its label is known.

The head is refitted every so many labels; between refits it predicts what comes. Nothing is
predicted by a head that has seen it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.distribution import UNIFORM
from trainer.data.labelled_posts import LabelledPosts
from trainer.data.targets import Intervals
from trainer.evaluation.figures import Forecasts, figures
from trainer.evaluation.fit_calibrated import fit_to_serve
from trainer.evaluation.forecasting import forecasts_of, predict_rows, ranking_of
from trainer.head.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Step:
    """How the posts between two refits were predicted."""

    labels: int
    figures: dict[str, float]


def replay(
    posts: LabelledPosts,
    *,
    every: int,
    seed: int,
    recipe_for: Callable[[int], Recipe] = Recipe.for_labels,
    progress: Callable[[int, int, dict[str, float]], None] | None = None,
) -> tuple[list[Step], Forecasts]:
    """Replay posts in their order, refitting every ``every`` labels.

    Args:
        posts: in the order of posting.
        every: labels between refits; the first so many are predicted by nobody.
        seed: of the heads.
        recipe_for: the recipe for a number of labels.
        progress: told the labels so far, all posts, and the step's figures.

    Returns:
        A step per refit, and the forecasts of all posts but the first ``every``.
    """
    steps: list[Step] = []
    found: list[Forecasts] = []
    for labels in range(every, len(posts), every):
        known = np.arange(labels)
        coming = np.arange(labels, min(labels + every, len(posts)))
        head = fit_to_serve(posts.take(known), recipe=recipe_for(labels), seed=seed)
        forecasts = forecasts_of(
            posts, coming, predict_rows(head, posts, coming), ranking_of(posts, known)
        )
        steps.append(Step(labels, figures(forecasts)))
        found.append(forecasts)
        if progress:
            progress(labels, len(posts), steps[-1].figures)
    return steps, joined(found)


def joined(parts: list[Forecasts]) -> Forecasts:
    """Forecasts one after another.

    Raises:
        ValueError: there are none.
    """

    def stacked(name: str) -> NDArray[np.float64]:
        return np.concatenate([getattr(part, name) for part in parts])

    return Forecasts(
        stacked("bins"), stacked("score"), stacked("community").astype(np.int64),
        Intervals(
            np.concatenate([part.intervals.low for part in parts]),
            np.concatenate([part.intervals.high for part in parts]),
        ),
        stacked("cuts"), stacked("bucket").astype(np.int64), stacked("base"),
    )  # fmt: skip


def base_rate(forecasts: Forecasts) -> Forecasts:
    """The same posts as the base rate predicts them."""
    return Forecasts(
        np.tile(UNIFORM, (len(forecasts), 1)), forecasts.score, forecasts.community,
        forecasts.intervals, forecasts.cuts, forecasts.bucket, forecasts.base,
    )  # fmt: skip
