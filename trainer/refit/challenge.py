"""One try at a better head: plan, cross-fit, judge against the champion, refit on all."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.distribution import UNIFORM
from models.head import Head
from models.metrics import ranked_probability_scores
from models.near_duplicates import near_duplicate_groups
from trainer.data.labelled_posts import SERVING_EMBEDDING, LabelledPosts
from trainer.data.reference import Reference
from trainer.data.splits import Parts, time_split
from trainer.data.targets import soft_bins
from trainer.evaluation.comparison import Row, compare
from trainer.evaluation.cross_fit import (
    CrossFitted,
    Fold,
    Plan,
    cross_fit,
    fit_planned,
    judging_folds,
    plan,
)
from trainer.evaluation.cross_validation import cross_validate
from trainer.evaluation.figures import Evaluation, evaluate, figures
from trainer.evaluation.forecasting import forecasts_of, intervals_of, predict_rows, ranking_of
from trainer.evaluation.gate import Judged, Verdict, judge
from trainer.head.fit import LossNotFinite
from trainer.head.recipe import Recipe

Say = Callable[..., None]

#: What the head is compared with: nothing, the rest on the same split, or by folds as well.
COMPARISONS = ("none", "split", "folds")

#: A comparison by default stops being quick beyond so many posts.
_QUICK = 20_000


class Refused(Exception):
    """There is nothing honest to learn or to judge by; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class Champion:
    """The version that serves, as far as judging needs it."""

    name: str
    folder: Path
    trained_until: datetime | None

    @classmethod
    def parse(cls, given: dict[str, Any]) -> "Champion":
        """From the parent's JSON."""
        until = given.get("trained_until")
        return cls(
            given["name"], Path(given["folder"]), datetime.fromisoformat(until) if until else None
        )


@dataclass(slots=True)
class Challenge:
    """What came of the try: the head to serve, and everything that its report shows.

    Attributes:
        folds: what each judged head was fitted on and judged on.
        plan: how they and the head that serves were fitted.
        comparisons: which were asked for, one of `COMPARISONS`.
        posted_at: when the judged posts of each fold were posted, first and last.
    """

    head: Head
    reference: Reference
    plan: Plan
    folds: list[Fold]
    verdict: Verdict
    evaluation: Evaluation
    labels: int
    trained_until: datetime
    seed: int
    posted_at: list[tuple[datetime, datetime]]
    dropped: Counter[str]
    hidden: dict[str, dict[str, float]]
    comparisons: str
    compared: list[Row] = field(default_factory=list)
    by_folds: dict[str, list[Row]] = field(default_factory=dict)


def challenge(
    posts: LabelledPosts,
    *,
    recipe: Recipe,
    champion: Champion | None,
    min_labels: int,
    seed: int,
    say: Say,
    comparisons: str | None = None,
) -> Challenge:
    """Try for a better head.

    The labels that are new since the champion are cut into stretches of time, and a head fitted
    without each is judged on it beside the champion (`trainer.evaluation.cross_fit`). The head that
    would serve is then fitted as those were, on everything.

    Args:
        posts: everything labelled.
        recipe: how to fit.
        champion: what it has to beat.
        min_labels: fewer are refused.
        seed: of everything random.
        say: told the stage, and how far it is.
        comparisons: one of `COMPARISONS`; by default ``split``, or ``none`` when posts are many.

    Raises:
        Refused: too few labels, all alike, none since the champion, or a loss not finite.
    """
    _refuse_unlearnable(posts, champion, min_labels)
    comparisons = comparisons or ("split" if len(posts) <= _QUICK else "none")
    folds, seen_before = _folds(posts, champion)
    compared: list[Row] = []
    by_folds: dict[str, list[Row]] = {}
    try:
        planned = plan(
            posts, recipe, seed=seed,
            progress=lambda epoch, loss, stop_loss: say(
                stage="fitting", done=epoch, total=recipe.max_epochs,
                epoch=epoch, loss=loss, stop_loss=stop_loss,
            ),
        )  # fmt: skip
        found = cross_fit(
            posts, folds, planned, seed=seed,
            progress=lambda done, total: say(stage="judging", done=done, total=total),
        )  # fmt: skip
        baseline, against = _baseline(posts, folds, found, champion, planned, seed)
        say(stage="refitting")
        everything = np.arange(len(posts))
        head = fit_planned(posts, everything, planned, seed=seed)
        if comparisons != "none":
            say(stage="comparing")
            compared = compare(posts, _parts(posts), recipe=recipe, seed=seed)
        if comparisons == "folds":
            by_folds = cross_validate(
                posts, recipe=recipe, seed=seed,
                progress=lambda done, total: say(stage="folds", done=done, total=total),
            )  # fmt: skip
    except LossNotFinite as error:
        raise Refused(str(error)) from error
    # Every bin is equally full among all labels, so that the base rate is what it says it is.
    ranking = ranking_of(posts, everything)
    wanted = soft_bins(intervals_of(posts, ranking))[found.rows]
    ours = forecasts_of(posts, found.rows, found.bins, ranking)
    theirs = forecasts_of(posts, found.rows, baseline, ranking)
    verdict = judge(
        Judged(ranked_probability_scores(ours.bins, wanted), figures(ours)["ece"]),
        Judged(ranked_probability_scores(theirs.bins, wanted), figures(theirs)["ece"]),
        posts.community[found.rows],
        base_rps=ranked_probability_scores(np.broadcast_to(UNIFORM, wanted.shape), wanted),
        against=against,
        community_names=posts.names,
    )
    verdict.evidence["folds"] = len(folds)
    verdict.evidence["comparisons"] = comparisons
    return Challenge(
        head=head,
        reference=Reference.of(posts.score),
        plan=planned,
        folds=folds,
        verdict=verdict,
        evaluation=evaluate(ours),
        labels=len(posts),
        trained_until=datetime.fromtimestamp(float(posts.matured_at.max()), UTC),
        seed=seed,
        posted_at=[_period(posts, fold) for fold in folds],
        dropped=posts.dropped + Counter({"looks like what the champion has seen": seen_before}),
        hidden={
            name: figures(forecasts_of(posts, found.rows, bins, ranking))
            for name, bins in found.hidden.items()
        },
        comparisons=comparisons,
        compared=compared,
        by_folds=by_folds,
    )


def _baseline(
    posts: LabelledPosts,
    folds: list[Fold],
    found: CrossFitted,
    champion: Champion | None,
    planned: Plan,
    seed: int,
) -> tuple[NDArray[np.float64], str | None]:
    """Predictions of the judged posts by what has to be beaten, float64 [n, 10], and its name;
    None is the base rate.

    A new backbone has to beat the old one under heads fitted on the same posts, which says what
    the backbone alone is worth.
    """
    if SERVING_EMBEDDING in posts.groups:
        seen = replace(posts, groups={**posts.groups, "embedding": posts.groups[SERVING_EMBEDDING]})
        other = plan(seen, planned.recipe, seed=seed)
        return (
            cross_fit(seen, folds, other, seed=seed).bins,
            "the same head on the backbone that serves",
        )
    head = Head.load(champion.folder) if champion is not None else Head.uniform()
    # A champion that has learned nothing is the base rate by another name.
    name = champion.name if champion is not None and head.members else None
    return predict_rows(head, posts, found.rows), name


def _folds(posts: LabelledPosts, champion: Champion | None) -> tuple[list[Fold], int]:
    """The folds, and how many new posts are not judged as the champion saw pictures like theirs."""
    groups = near_duplicate_groups(posts.phash)
    seen = np.zeros(len(posts), bool)
    if champion and champion.trained_until is not None:
        seen = posts.matured_at <= champion.trained_until.timestamp()
    # What a backbone was fine-tuned on lies before its newest fifth, whatever heads have seen.
    folds = judging_folds(
        posts.posted_at, groups, seen=seen, newest_only=SERVING_EMBEDDING in posts.groups
    )
    like_seen = int((~seen & np.isin(groups, groups[seen])).sum())
    if not folds:
        alike = like_seen or len(posts) - len(np.unique(groups))
        raise Refused(
            f"No independent posts to judge by: of {len(posts)} labels "
            f"{alike} have near-duplicates among the earlier ones."
        )
    for fold in folds:
        if len(np.unique(posts.score[fold.fit])) == 1:
            raise Refused(
                f"The {len(fold.fit)} labels to fit on have the same score: "
                "there is nothing to tell apart."
            )
    return folds, like_seen


def _parts(posts: LabelledPosts) -> Parts:
    """The split by time that contenders are compared on."""
    split = time_split(posts.posted_at, near_duplicate_groups(posts.phash))
    return Parts(split.fit, split.stop, split.calibrate, split.judge)


def _period(posts: LabelledPosts, fold: Fold) -> tuple[datetime, datetime]:
    """When the first and the last judged post were posted."""
    moments = posts.posted_at[fold.judge]
    first, last = float(moments.min()), float(moments.max())
    return datetime.fromtimestamp(first, UTC), datetime.fromtimestamp(last, UTC)


def _refuse_unlearnable(posts: LabelledPosts, champion: Champion | None, min_labels: int) -> None:
    left_out = ", ".join(f"{count} {reason}" for reason, count in posts.dropped.items())
    note = f" Left out: {left_out}." if left_out else ""
    if len(posts) < max(min_labels, 1):
        raise Refused(f"Only {len(posts)} labels; at least {min_labels} are needed.{note}")
    if len(np.unique(posts.score)) == 1:
        raise Refused(
            f"All {len(posts)} labels have the same score: there is nothing to tell apart.{note}"
        )
    if champion and champion.trained_until is not None:
        new = int((posts.matured_at > champion.trained_until.timestamp()).sum())
        if new == 0:
            raise Refused(f"Nothing has matured since {champion.name} was trained.{note}")
