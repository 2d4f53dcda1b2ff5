"""Repeated cross-validation in which near-duplicates stay together."""

from collections.abc import Callable

import numpy as np

from trainer.comparison import Parts, Row, TreesMissing, contenders
from trainer.dataset import LabelledPosts
from trainer.evaluation import figures
from trainer.near_duplicates import near_duplicate_groups
from trainer.recipe import Recipe
from trainer.splits import grouped_folds

#: Share of a fold's training posts that stops the training, and as many that calibrate.
_HELD_OUT = 0.1


def folds_of(posts: LabelledPosts, folds: int, seed: int) -> list[Parts]:
    """The folds of one repetition, each fold's training posts cut in three at random."""
    rng = np.random.default_rng(seed)
    groups = near_duplicate_groups(posts.phash)
    found = []
    for train, test in grouped_folds(groups, folds, rng):
        kinds = np.unique(groups[train])
        place = rng.permutation(len(kinds))[np.searchsorted(kinds, groups[train])] / len(kinds)
        stop, calibrate = place < _HELD_OUT, (place >= _HELD_OUT) & (place < 2 * _HELD_OUT)
        found.append(Parts(train[~stop & ~calibrate], train[stop], train[calibrate], test))
    return found


def cross_validate(
    posts: LabelledPosts,
    *,
    recipe: Recipe,
    folds: int = 5,
    repeats: int = 1,
    seed: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, list[Row]]:
    """Every contender on every fold: its rows by name, ``folds · repeats`` each."""
    found: dict[str, list[Row]] = {}
    names = list(contenders(recipe, seed))
    done, total = 0, repeats * folds * len(names)
    for repeat in range(repeats):
        for number, parts in enumerate(folds_of(posts, folds, seed + repeat)):
            for name, run in contenders(recipe, seed + repeat * folds + number).items():
                try:
                    row = Row(name, figures(run(posts, parts)))
                except TreesMissing as missing:
                    row = Row(name, None, str(missing))
                found.setdefault(name, []).append(row)
                done += 1
                if progress:
                    progress(done, total)
    return found
