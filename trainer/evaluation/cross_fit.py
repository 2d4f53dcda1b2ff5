"""Cross-fitting: every new label is fitted on, and judged by a head that was not fitted on it.

A fifth of the labels, the newest, is too few to tell a better head by, and a head fitted on the
rest has seen less than the champion, which was fitted on everything of its time. So the labels that
are new since the champion are cut into stretches of time; the recipe is fitted once without each,
and judged on it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from models.experts import UNTITLED
from models.features import Features
from models.head import Head, softmax
from models.metrics import ranked_probability_scores
from trainer.cluster.side_by_side import SideBySide, in_turn
from trainer.data.labelled_posts import LabelledPosts
from trainer.data.splits import Rows
from trainer.data.targets import soft_bins
from trainer.evaluation.fit_calibrated import cut_in_three
from trainer.evaluation.forecasting import intervals_of, predict_rows, ranking_of
from trainer.evaluation.hidden_sources import hiding, predict_without
from trainer.head.calibration import fit_temperature
from trainer.head.fit import Fitted, fit
from trainer.head.recipe import Recipe

#: Stretches that the new labels are cut into.
FOLDS = 5
#: With more new labels than this the newest fifth is enough, judged by one head fitted on what
#: came before.
ENOUGH = 2000

OnEpoch = Callable[[int, float, float], None]


@dataclass(frozen=True, slots=True)
class Fold:
    """Rows that a head is fitted on, and those that it is then judged on."""

    fit: Rows
    judge: Rows


@dataclass(frozen=True, slots=True)
class Plan:
    """How a head is fitted where nothing is held out: what a first fit found on a random fifth.

    Attributes:
        first: that fit, on four fifths of the posts.
        recipe: the one of those tried that did best.
        temperature: what its logits are divided by.
    """

    first: Fitted
    recipe: Recipe
    temperature: float


@dataclass(frozen=True, slots=True)
class CrossFitted:
    """Predictions by heads that had not seen the posts, in the order of posting.

    Attributes:
        rows: the judged posts, int64 [n].
        bins: float64 [n, 10].
        hidden: the same with one source hidden from the head, by source.
        untitled: the same with neither title nor author, as the expert of that name sees a post.
        temperature: what the head that serves is to be divided by, found on all of these; in each
            fold the predictions have the one that was found on the others.
    """

    rows: Rows
    bins: NDArray[np.float64]
    hidden: dict[str, NDArray[np.float64]]
    untitled: NDArray[np.float64]
    temperature: float


def judging_folds(
    posted_at: NDArray[np.float64],
    groups: NDArray[np.int64],
    *,
    seen: NDArray[np.bool_],
    newest_only: bool = False,
) -> list[Fold]:
    """Cut what may be judged into folds by time; near-duplicates are never on two sides.

    A post that the champion was fitted on, or a near-duplicate of one, is never judged, only fitted
    on. A group of near-duplicates belongs to the stretch in which its first post lies.

    Args:
        posted_at: seconds, float64 [n].
        groups: int64 [n], equal for near-duplicates.
        seen: whether the champion was fitted on the post, bool [n].
        newest_only: judge the newest fifth alone, by a head fitted on what came before.

    Returns:
        Folds in the order of time, each with posts to fit on and to judge by; their judged rows
        are disjoint and in the order of posting.
    """
    order = np.argsort(posted_at, kind="stable")
    fresh = order[~np.isin(groups[order], groups[seen])]
    # A group's place in time is that of its first post.
    kinds, first, of_kind = np.unique(groups[fresh], return_index=True, return_inverse=True)
    by_time = np.argsort(first, kind="stable")
    sizes = np.bincount(of_kind, minlength=len(kinds))[by_time]
    before = np.cumsum(sizes) - sizes
    stretch_of = np.empty(len(kinds), np.int64)
    stretch_of[by_time] = before * FOLDS // max(len(fresh), 1)
    stretch = stretch_of[of_kind]
    single = newest_only or len(fresh) > ENOUGH
    found = []
    for number in range(FOLDS - 1 if single else 0, FOLDS):
        judge = fresh[stretch == number]
        train = np.setdiff1d(np.arange(len(groups)), judge)
        if len(judge) and len(train):
            found.append(Fold(train, judge))
    return found


def plan(
    posts: LabelledPosts, recipe: Recipe, *, seed: int, progress: OnEpoch | None = None
) -> Plan:
    """Find for how long to train, the network's share, and the temperature.

    These few numbers are found once, on posts that are judged later; `benchmarks/gate_power.py`
    measures what shuffled labels gain by that. Where labels are many, a recipe that
    trusts every source more is tried as well, and taken if it does better on posts held out by more
    than the gain's standard error.
    """
    train, stop, calibrate = cut_in_three(posts, np.arange(len(posts)), np.random.default_rng(seed))
    targets = soft_bins(intervals_of(posts, ranking_of(posts, train)))
    held_out = np.concatenate([stop, calibrate])

    def attempt(tried: Recipe) -> tuple[Plan, NDArray[np.float64]]:
        first = fit(
            posts.groups, targets, train, stop,
            recipe=tried, seed=seed, blanks=Features().blanks(), progress=progress,
        )  # fmt: skip
        logits = first.head.logits({name: g[calibrate] for name, g in posts.groups.items()})
        temperature = fit_temperature(logits, targets[calibrate])
        bins = predict_rows(first.head.at_temperature(temperature), posts, held_out)
        return Plan(first, tried, temperature), ranked_probability_scores(bins, targets[held_out])

    found, scores = attempt(recipe)
    trusting = recipe.trusting(len(posts))
    if trusting is not None:
        other, its_scores = attempt(trusting)
        gain = scores - its_scores
        if gain.mean() > gain.std() / np.sqrt(len(gain)):
            return other
    return found


def fit_planned(posts: LabelledPosts, rows: Rows, planned: Plan, *, seed: int) -> Head:
    """A head fitted on all of some rows as planned, with the encoding of the first fit."""
    targets = soft_bins(intervals_of(posts, ranking_of(posts, rows)))
    fitted = fit(
        posts.groups, targets, rows, rows[:0],
        recipe=planned.recipe, seed=seed, epochs=max(planned.first.epochs, 1),
        linear_share=planned.first.linear_share, encoding=planned.first.head.encoding,
        blanks=Features().blanks(),
    )  # fmt: skip
    return fitted.head.at_temperature(planned.temperature)


def cross_fit(
    posts: LabelledPosts,
    folds: list[Fold],
    planned: Plan,
    *,
    seed: int,
    progress: Callable[[int, int], None] | None = None,
    side_by_side: SideBySide = in_turn,
) -> CrossFitted:
    """Fit without each fold, and predict it.

    The tenth of the posts that the plan was calibrated on is few: a temperature from it stays near
    1 unless much speaks against that. Here every judged post was predicted by a head that had not
    seen it, so that what they ask for is found on all of them. With one fold the plan's stays.

    Args:
        posts: everything labelled.
        folds: at least one.
        planned: how to fit.
        seed: of everything random.
        progress: told the folds done, and all of them.
        side_by_side: fits the folds, which need not know of each other.
    """
    told = None if progress is None else partial(_told, progress, len(folds))
    found = side_by_side(_fit_and_judge, folds, posts, planned, seed, told=told)
    bins, hidden, untitled = (list(each) for each in zip(*found, strict=True))
    rows = np.concatenate([fold.judge for fold in folds])
    targets = soft_bins(intervals_of(posts, ranking_of(posts, np.arange(len(posts)))))
    wanted = [targets[fold.judge] for fold in folds]
    factor = _temperature(bins, wanted) if len(folds) > 1 else 1.0
    if len(folds) > 1:
        for number, own in enumerate(
            [
                _temperature(bins[:n] + bins[n + 1 :], wanted[:n] + wanted[n + 1 :])
                for n in range(len(folds))
            ]
        ):
            bins[number] = _at(bins[number], own)
            untitled[number] = _at(untitled[number], own)
            hidden[number] = {name: _at(each, own) for name, each in hidden[number].items()}
    order = np.argsort(posts.posted_at[rows], kind="stable")
    return CrossFitted(
        rows[order],
        np.concatenate(bins)[order],
        {name: np.concatenate([each[name] for each in hidden])[order] for name in hidden[0]},
        np.concatenate(untitled)[order],
        planned.temperature * factor,
    )


def _fit_and_judge(
    fold: Fold, posts: LabelledPosts, planned: Plan, seed: int
) -> tuple[NDArray[np.float64], dict[str, NDArray[np.float64]], NDArray[np.float64]]:
    """Predictions of the judged posts of one fold: with everything, by what is hidden, untitled."""
    head = fit_planned(posts, fold.fit, planned, seed=seed)
    return (
        predict_rows(head, posts, fold.judge),
        hiding(head, posts, fold.judge, fold.fit),
        predict_without(head, posts, fold.judge, UNTITLED),
    )


def _told(progress: Callable[[int, int], None], total: int, done: int) -> None:
    progress(done, total)


def _temperature(bins: list[NDArray[np.float64]], targets: list[NDArray[np.float64]]) -> float:
    """What these predictions' logits are best divided by: 1 where they are calibrated."""
    return fit_temperature(_logits(np.concatenate(bins)), np.concatenate(targets))


def _at(bins: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    return softmax(_logits(bins) / temperature)


def _logits(bins: NDArray[np.float64]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = np.log(np.maximum(bins, np.finfo(np.float64).tiny))
    return found
