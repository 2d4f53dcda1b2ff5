"""One try at a better head: split, fit, calibrate, judge against the champion, refit on all."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from models.distribution import UNIFORM
from models.features import Features
from models.head import Head
from trainer.calibration import fit_temperature
from trainer.comparison import Parts, Row, compare, fit_calibrated, hiding
from trainer.cross_validation import cross_validate
from trainer.dataset import RIVAL, LabelledPosts
from trainer.evaluation import Evaluation, evaluate, figures
from trainer.fit import Fitted, LossNotFinite, fit
from trainer.forecasting import forecasts_of, intervals_of, predict_rows, ranking_of
from trainer.gate import Judged, Verdict, judge
from trainer.metrics import ranked_probability_scores
from trainer.near_duplicates import near_duplicate_groups
from trainer.recipe import Recipe
from trainer.reference import Reference
from trainer.splits import TimeSplit, time_split
from trainer.targets import soft_bins

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
    """What came of the try: the head to serve, and everything that its report shows."""

    head: Head
    reference: Reference
    judged: Fitted
    verdict: Verdict
    evaluation: Evaluation
    labels: int
    trained_until: datetime
    seed: int
    recipe: Recipe
    split: TimeSplit
    posted_at: dict[str, tuple[datetime, datetime]]
    dropped: Counter[str]
    hidden: dict[str, dict[str, float]]
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

    The head that is judged is fitted on the oldest posts, stopped and calibrated on later ones
    and judged on the newest. The head that would serve is then fitted anew on everything, for as
    many epochs and with the temperature that the judged one found: its own newest posts would
    otherwise be wasted.

    Args:
        posts: everything labelled.
        recipe: how to fit.
        champion: what it has to beat.
        min_labels: fewer are refused.
        seed: of everything random.
        say: told the stage, and each epoch.
        comparisons: one of `COMPARISONS`; by default ``split``, or ``none`` when posts are many.

    Raises:
        Refused: too few labels, all alike, none since the champion, or a loss not finite.
    """
    _refuse_unlearnable(posts, champion, min_labels)
    split = _split(posts, champion)
    parts = Parts(split.fit, split.stop, split.calibrate, split.judge)
    ranking = ranking_of(posts, np.concatenate([split.fit, split.stop]))
    targets = soft_bins(intervals_of(posts, ranking))
    blanks = Features().blanks()

    def progress(stage: str, total: int) -> Callable[[int, float, float], None]:
        return lambda epoch, loss, stop_loss: say(
            stage=stage, done=epoch, total=total, epoch=epoch, loss=loss, stop_loss=stop_loss
        )

    try:
        judged = fit(
            posts.groups, targets, split.fit, split.stop,
            recipe=recipe, seed=seed, blanks=blanks,
            progress=progress("fitting", recipe.max_epochs),
        )  # fmt: skip
        say(stage="calibrating")
        calibrate = {name: g[split.calibrate] for name, g in posts.groups.items()}
        temperature = fit_temperature(judged.head.logits(calibrate), targets[split.calibrate])
        judged.head = judged.head.at_temperature(temperature)
        say(stage="judging")
        ours = forecasts_of(
            posts, split.judge, predict_rows(judged.head, posts, split.judge), ranking
        )
        rival, its_posts, rival_name = _rival(posts, parts, champion, recipe, seed)
        theirs = forecasts_of(
            posts, split.judge, predict_rows(rival, its_posts, split.judge), ranking
        )
        wanted = targets[split.judge]
        verdict = judge(
            Judged(ranked_probability_scores(ours.bins, wanted), figures(ours)["ece"]),
            Judged(ranked_probability_scores(theirs.bins, wanted), figures(theirs)["ece"]),
            posts.community[split.judge],
            base_rps=ranked_probability_scores(np.broadcast_to(UNIFORM, wanted.shape), wanted),
            # A champion that has learned nothing is the base rate by another name.
            against=rival_name if rival.members else None,
        )
        everything = np.arange(len(posts))
        ranking_of_all = ranking_of(posts, everything)
        served = fit(
            posts.groups, soft_bins(intervals_of(posts, ranking_of_all)),
            everything, everything[:0],
            recipe=recipe, seed=seed, epochs=max(judged.epochs, 1),
            linear_share=judged.linear_share, blanks=blanks,
            progress=progress("refitting", max(judged.epochs, 1)),
        )  # fmt: skip
        comparisons = comparisons or ("split" if len(posts) <= _QUICK else "none")
        compared: list[Row] = []
        if comparisons != "none":
            say(stage="comparing")
            compared = compare(posts, parts, recipe=recipe, seed=seed)
        by_folds: dict[str, list[Row]] = {}
        if comparisons == "folds":
            by_folds = cross_validate(
                posts, recipe=recipe, seed=seed,
                progress=lambda done, total: say(stage="folds", done=done, total=total),
            )  # fmt: skip
    except LossNotFinite as error:
        raise Refused(str(error)) from error
    hidden = hiding(judged.head, posts, split.judge, split.fit)
    return Challenge(
        head=served.head.at_temperature(temperature),
        reference=Reference.of(posts.score),
        judged=judged,
        verdict=verdict,
        evaluation=evaluate(ours),
        labels=len(posts),
        trained_until=datetime.fromtimestamp(float(posts.matured_at.max()), UTC),
        seed=seed,
        recipe=recipe,
        split=split,
        posted_at=_periods(posts, split),
        dropped=posts.dropped + Counter({"near-duplicate across the split": len(split.straddling)}),
        hidden={
            name: figures(forecasts_of(posts, split.judge, bins, ranking))
            for name, bins in hidden.items()
        },
        compared=compared,
        by_folds=by_folds,
    )


def _rival(
    posts: LabelledPosts, parts: Parts, champion: Champion | None, recipe: Recipe, seed: int
) -> tuple[Head, LabelledPosts, str | None]:
    """What has to be beaten, the posts as it sees them, and its name.

    A new backbone has to beat the old one under a head fitted on the same posts, which says what
    the backbone alone is worth.
    """
    if RIVAL in posts.groups:
        seen = replace(posts, groups={**posts.groups, "embedding": posts.groups[RIVAL]})
        head = fit_calibrated(seen.groups, seen, parts, recipe=recipe, seed=seed)
        return head, seen, "the same head on the backbone that serves"
    if champion is None:
        return Head.uniform(), posts, None
    return Head.load(champion.folder), posts, champion.name


def _split(posts: LabelledPosts, champion: Champion | None) -> TimeSplit:
    judge_from = None
    if champion and champion.trained_until is not None:
        # Judged posts are those that matured after the champion's cut-off.
        seen = posts.posted_at[posts.matured_at <= champion.trained_until.timestamp()]
        judge_from = float(seen.max()) if len(seen) else None
    split = time_split(posts.posted_at, near_duplicate_groups(posts.phash), judge_from=judge_from)
    for purpose, rows in (("fit on", split.fit), ("judge by", split.judge)):
        if not len(rows):
            raise Refused(
                f"No independent posts to {purpose}: of {len(posts)} labels "
                f"{len(split.straddling)} have near-duplicates among the earlier ones."
            )
    if len(np.unique(posts.score[split.fit])) == 1:
        raise Refused(
            f"The {len(split.fit)} labels to fit on have the same score: "
            "there is nothing to tell apart."
        )
    return split


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


def _periods(posts: LabelledPosts, split: TimeSplit) -> dict[str, tuple[datetime, datetime]]:
    """When the posts of each part were posted."""
    parts = {
        "fitted on": split.fit, "stopped by": split.stop,
        "calibrated on": split.calibrate, "judged on": split.judge,
    }  # fmt: skip
    return {
        name: (
            datetime.fromtimestamp(float(posts.posted_at[rows].min()), UTC),
            datetime.fromtimestamp(float(posts.posted_at[rows].max()), UTC),
        )
        for name, rows in parts.items()
        if len(rows)
    }
