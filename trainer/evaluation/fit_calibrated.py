"""Heads fitted, stopped and calibrated on separate parts of the posts."""

import numpy as np

from models.features import Features
from models.head import Head
from models.near_duplicates import near_duplicate_groups
from trainer.data.labelled_posts import LabelledPosts
from trainer.data.splits import Parts, Rows
from trainer.data.targets import soft_bins
from trainer.evaluation.forecasting import intervals_of, ranking_of
from trainer.head.calibration import fit_temperature
from trainer.head.fit import fit
from trainer.head.fit_encoding import Groups
from trainer.head.recipe import Recipe

#: Share of training posts that stops the training, and as many that calibrate.
_HELD_OUT = 0.1
#: Stretches of time that posts are held out by.
_STRETCHES = 50


def fit_calibrated(
    groups: Groups,
    posts: LabelledPosts,
    parts: Parts,
    *,
    recipe: Recipe,
    seed: int,
    linear_share: float | None = None,
) -> Head:
    """A head fitted, stopped and calibrated on three parts, ranked among the first two.

    With ``linear_share`` the linear part's share is not found but given.
    """
    ranking = ranking_of(posts, np.concatenate([parts.fit, parts.stop]))
    targets = soft_bins(intervals_of(posts, ranking))
    fitted = fit(
        groups, targets, parts.fit, parts.stop,
        recipe=recipe, seed=seed, linear_share=linear_share, blanks=Features().blanks(),
    )  # fmt: skip
    logits = fitted.head.logits({name: g[parts.calibrate] for name, g in groups.items()})
    return fitted.head.at_temperature(fit_temperature(logits, targets[parts.calibrate]))


def fit_to_serve(posts: LabelledPosts, *, recipe: Recipe, seed: int) -> Head:
    """A head fitted on all of some posts, as it would serve.

    Epochs and temperature come from a first fit on 80% of them, stopped and calibrated on a tenth
    each (`cut_in_three`).
    """
    parts = cut_in_three(posts, np.arange(len(posts)), np.random.default_rng(seed))
    ranking = ranking_of(posts, np.arange(len(posts)))
    targets, blanks = soft_bins(intervals_of(posts, ranking)), Features().blanks()
    first = fit(posts.groups, targets, parts[0], parts[1], recipe=recipe, seed=seed, blanks=blanks)
    logits = first.head.logits({name: g[parts[2]] for name, g in posts.groups.items()})
    everything = np.arange(len(posts))
    served = fit(
        posts.groups, targets, everything, everything[:0],
        recipe=recipe, seed=seed, epochs=max(first.epochs, 1),
        linear_share=first.linear_share, blanks=blanks,
    )  # fmt: skip
    return served.head.at_temperature(fit_temperature(logits, targets[parts[2]]))


def cut_in_three(
    posts: LabelledPosts, rows: Rows, rng: np.random.Generator
) -> tuple[Rows, Rows, Rows]:
    """Cut rows into fit, stop and calibrate by random stretches of time, near-duplicates together.

    What is to be forecast never lies between two posts that were learned from. A head that does
    well on single posts held out may only know what went well that week.
    """
    groups = near_duplicate_groups(posts.phash[rows])
    by_time = np.argsort(posts.posted_at[rows], kind="stable")
    kinds, first, kind_of = np.unique(groups[by_time], return_index=True, return_inverse=True)
    stretches = min(_STRETCHES, len(kinds))
    # A kind of near-duplicates belongs to the stretch of its first post.
    of_kind = np.empty(len(kinds), np.int64)
    of_kind[np.argsort(first)] = np.arange(len(kinds)) * stretches // len(kinds)
    place = np.empty(len(rows))
    place[by_time] = rng.permutation(stretches)[of_kind][kind_of] / stretches
    stop, calibrate = place < _HELD_OUT, (place >= _HELD_OUT) & (place < 2 * _HELD_OUT)
    return rows[~stop & ~calibrate], rows[stop], rows[calibrate]
