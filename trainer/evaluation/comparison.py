"""What the head is compared with, on the same posts: parts of itself, trees, the base rate."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from models.distribution import UNIFORM
from trainer.cluster.side_by_side import SideBySide, in_turn
from trainer.data.labelled_posts import LabelledPosts
from trainer.data.splits import Parts
from trainer.evaluation.boosted_trees import TreesMissing, trees
from trainer.evaluation.figures import Forecasts, figures
from trainer.evaluation.fit_calibrated import fit_calibrated
from trainer.evaluation.forecasting import judge_parts, predict_rows
from trainer.evaluation.hidden_sources import restricted
from trainer.head.recipe import Recipe

#: Parts are compared with fewer members than serve: enough to tell them apart.
_MEMBERS = 4


@dataclass(frozen=True, slots=True)
class Row:
    """One contender's figures on the judged posts; None where it could not run, with a note."""

    name: str
    figures: dict[str, float] | None
    note: str = ""


def contenders(
    recipe: Recipe, seed: int, *, linear_only: bool = False
) -> dict[str, Callable[[LabelledPosts, Parts], Forecasts]]:
    """Everything the head is compared with, and the head itself, by name.

    Args:
        recipe: how to fit.
        seed: of everything random.
        linear_only: heads have no network, where the one that serves was better without.
    """
    share = 1.0 if linear_only else None
    few = replace(recipe, members=min(_MEMBERS, recipe.members))

    def part(*keep: str) -> Callable[[LabelledPosts, Parts], Forecasts]:
        def run(posts: LabelledPosts, parts: Parts) -> Forecasts:
            groups = restricted(posts.groups, keep)
            head = fit_calibrated(groups, posts, parts, recipe=few, seed=seed, linear_share=share)
            judged = {name: g[parts.judge] for name, g in groups.items()}
            return judge_parts(posts, parts, head.predict_groups(judged))

        return run

    def base_rate(posts: LabelledPosts, parts: Parts) -> Forecasts:
        return judge_parts(posts, parts, np.tile(UNIFORM, (len(parts.judge), 1)))

    def head(posts: LabelledPosts, parts: Parts) -> Forecasts:
        fitted = fit_calibrated(
            posts.groups, posts, parts, recipe=recipe, seed=seed, linear_share=share
        )
        return judge_parts(posts, parts, predict_rows(fitted, posts, parts.judge))

    return {
        "base rate": base_rate,
        "title only": part("title"),
        "image only": part("image"),
        "metadata only": part("metadata"),
        "boosted trees": lambda posts, parts: trees(posts, parts, recipe, seed),
        "head": head,
    }


def compare(
    posts: LabelledPosts,
    parts: Parts,
    *,
    recipe: Recipe,
    seed: int,
    linear_only: bool = False,
    side_by_side: SideBySide = in_turn,
) -> list[Row]:
    """Every contender (`contenders`) on one split."""
    names = list(contenders(recipe, seed))
    items = [(name, parts, seed) for name in names]
    return side_by_side(contend, items, posts, recipe, linear_only)


def contend(
    item: tuple[str, Parts, int], posts: LabelledPosts, recipe: Recipe, linear_only: bool
) -> Row:
    """The figures of one contender: its name, the split, and the seed."""
    name, parts, seed = item
    run = contenders(recipe, seed, linear_only=linear_only)[name]
    try:
        return Row(name, figures(run(posts, parts)))
    except TreesMissing as missing:
        return Row(name, None, str(missing))
