"""Repeated cross-validation in which near-duplicates stay together."""

from collections.abc import Callable
from functools import partial

import numpy as np

from models.near_duplicates import near_duplicate_groups
from trainer.cluster.side_by_side import SideBySide, in_turn
from trainer.data.labelled_posts import LabelledPosts
from trainer.data.splits import Parts, grouped_folds
from trainer.evaluation.comparison import Row, contend, contenders
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
    side_by_side: SideBySide = in_turn,
) -> dict[str, list[Row]]:
    """Every contender (`contenders`) on every fold: its rows by name, ``folds · repeats`` each."""
    names = list(contenders(recipe, seed))
    items = [
        (name, parts, seed + repeat * folds + number)
        for repeat in range(repeats)
        for number, parts in enumerate(folds_of(posts, folds, seed + repeat))
        for name in names
    ]
    told = None if progress is None else partial(_told, progress, len(items))
    rows = side_by_side(contend, items, posts, recipe, linear_only, told=told)
    return {name: rows[number :: len(names)] for number, name in enumerate(names)}


def _told(progress: Callable[[int, int], None], total: int, done: int) -> None:
    progress(done, total)
