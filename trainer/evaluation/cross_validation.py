"""Repeated cross-validation in which near-duplicates stay together."""

from collections.abc import Callable

import numpy as np

from models.near_duplicates import near_duplicate_groups
from trainer.data.labelled_posts import LabelledPosts
from trainer.data.splits import Parts, grouped_folds
from trainer.evaluation.boosted_trees import TreesMissing
from trainer.evaluation.comparison import Row, contenders
from trainer.evaluation.figures import figures
from trainer.evaluation.fit_calibrated import cut_in_three
from trainer.head.recipe import Recipe


def folds_of(posts: LabelledPosts, folds: int, seed: int) -> list[Parts]:
    """The folds of one repetition, each fold's training posts cut in three at random."""
    rng = np.random.default_rng(seed)
    groups = near_duplicate_groups(posts.phash)
    found = []
    for train, test in grouped_folds(groups, folds, rng):
        found.append(Parts(*cut_in_three(posts, train, rng), test))
    return found


def cross_validate(
    posts: LabelledPosts,
    *,
    recipe: Recipe,
    folds: int = 5,
    repeats: int = 1,
    seed: int = 1,
    linear_only: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, list[Row]]:
    """Every contender (`contenders`) on every fold: its rows by name, ``folds · repeats`` each."""
    found: dict[str, list[Row]] = {}
    names = list(contenders(recipe, seed))
    done, total = 0, repeats * folds * len(names)
    for repeat in range(repeats):
        for number, parts in enumerate(folds_of(posts, folds, seed + repeat)):
            found_by = contenders(recipe, seed + repeat * folds + number, linear_only=linear_only)
            for name, run in found_by.items():
                try:
                    row = Row(name, figures(run(posts, parts)))
                except TreesMissing as missing:
                    row = Row(name, None, str(missing))
                found.setdefault(name, []).append(row)
                done += 1
                if progress:
                    progress(done, total)
    return found
