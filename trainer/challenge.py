"""One try at a better head: split, fit, calibrate, judge against the champion, refit on all."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.distribution import BINS, EDGES, UNIFORM
from models.features import Features
from models.head import Head
from trainer.calibration import fit_temperature
from trainer.dataset import LabelledPosts
from trainer.fit import Fitted, LossNotFinite, fit
from trainer.gate import Judged, Verdict, judge
from trainer.metrics import (
    calibration_curve,
    log_losses,
    pair_accuracy,
    ranked_probability_scores,
    skill,
    spearman,
)
from trainer.near_duplicates import near_duplicate_groups
from trainer.recipe import Recipe
from trainer.splits import TimeSplit, time_split
from trainer.targets import Intervals, Ranking, soft_bins

Say = Callable[..., None]

#: Pair accuracy compares every post with every other: on more posts than this, on the newest.
MAX_PAIRED = 4000


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
    """What came of the try: the head to serve, and what the judged one showed."""

    head: Head
    judged: Fitted
    verdict: Verdict
    metrics: dict[str, Any]
    labels: int
    trained_until: datetime
    seed: int
    recipe: Recipe
    split: TimeSplit
    dropped: Counter[str]


def challenge(
    posts: LabelledPosts,
    *,
    recipe: Recipe,
    champion: Champion | None,
    min_labels: int,
    seed: int,
    say: Say,
) -> Challenge:
    """Try for a better head.

    The head that is judged is fitted on the oldest posts, stopped and calibrated on later ones
    and judged on the newest. The head that would serve is then fitted anew on everything, for as
    many epochs and with the temperature that the judged one found: its own newest posts would
    otherwise be wasted.

    Raises:
        Refused: too few labels, all alike, none since the champion, or a loss not finite.
    """
    _refuse_unlearnable(posts, champion, min_labels)
    groups = near_duplicate_groups(posts.phash)
    cut_off = champion.trained_until.timestamp() if champion and champion.trained_until else None
    split = time_split(posts.posted_at, groups, judge_from=_judge_from(posts, cut_off))
    dropped = posts.dropped + Counter({"near-duplicate across the split": len(split.straddling)})
    for part, rows in (("fit on", split.fit), ("judge by", split.judge)):
        if not len(rows):
            raise Refused(
                f"No independent posts to {part}: of {len(posts)} labels "
                f"{len(split.straddling)} are near-duplicates of earlier ones."
            )
    intervals = _intervals(posts, np.concatenate([split.fit, split.stop]))
    targets = soft_bins(intervals)
    blanks = Features().blanks()

    def progress(stage: str) -> Callable[[int, float, float], None]:
        return lambda epoch, loss, stop_loss: say(
            stage=stage, done=epoch, total=recipe.max_epochs, epoch=epoch, loss=loss,
            stop_loss=stop_loss,
        )  # fmt: skip

    try:
        judged = fit(
            posts.groups, targets, split.fit, split.stop,
            recipe=recipe, seed=seed, blanks=blanks, progress=progress("fitting"),
        )  # fmt: skip
        say(stage="calibrating")
        temperature = fit_temperature(
            judged.head.logits(_rows(posts, split.calibrate)), targets[split.calibrate]
        )
        judged.head = judged.head.at_temperature(temperature)
        say(stage="judging")
        metrics, ours = _metrics(posts, split.judge, judged.head, intervals)
        rival = Head.load(champion.folder) if champion else Head.uniform()
        verdict = judge(
            ours,
            _judged(
                rival.predict_groups(_rows(posts, split.judge)),
                targets[split.judge],
                intervals[split.judge],
            ),
            posts.community[split.judge],
            # A champion that has learned nothing is the base rate by another name.
            against=champion.name if champion and rival.members else None,
        )
        everything = np.arange(len(posts))
        served = fit(
            posts.groups, soft_bins(_intervals(posts, everything)), everything, everything[:0],
            recipe=recipe, seed=seed, epochs=max(judged.epochs, 1), blanks=blanks,
            progress=progress("refitting"),
        )  # fmt: skip
    except LossNotFinite as error:
        raise Refused(str(error)) from error
    return Challenge(
        head=served.head.at_temperature(temperature),
        judged=judged,
        verdict=verdict,
        metrics=metrics | {"dropped": dict(dropped), "temperature": temperature},
        labels=len(posts),
        trained_until=datetime.fromtimestamp(float(posts.matured_at.max()), UTC),
        seed=seed,
        recipe=recipe,
        split=split,
        dropped=dropped,
    )


def _judge_from(posts: LabelledPosts, cut_off: float | None) -> float | None:
    """The latest time of posting among posts that had matured by the champion's cut-off."""
    if cut_off is None:
        return None
    seen = posts.posted_at[posts.matured_at <= cut_off]
    return float(seen.max()) if len(seen) else None


def _refuse_unlearnable(posts: LabelledPosts, champion: Champion | None, min_labels: int) -> None:
    left_out = ", ".join(f"{count} {reason}" for reason, count in posts.dropped.items())
    note = f" Left out: {left_out}." if left_out else ""
    if len(posts) < min_labels:
        raise Refused(f"Only {len(posts)} labels; at least {min_labels} are needed.{note}")
    if len(np.unique(posts.score)) == 1:
        raise Refused(
            f"All {len(posts)} labels have the same score: there is nothing to tell apart.{note}"
        )
    if champion and champion.trained_until is not None:
        new = int((posts.matured_at > champion.trained_until.timestamp()).sum())
        if new == 0:
            raise Refused(f"Nothing has matured since {champion.name} was trained.{note}")


def _intervals(posts: LabelledPosts, reference: NDArray[np.intp]) -> Intervals:
    ranking = Ranking(posts.score[reference], posts.community[reference], posts.platform[reference])
    return ranking.intervals(posts.score, posts.community, posts.platform)


def _rows(posts: LabelledPosts, rows: NDArray[np.intp]) -> dict[str, NDArray[np.float32]]:
    return {name: values[rows].astype(np.float32) for name, values in posts.groups.items()}


def _judged(
    bins: NDArray[np.float64], targets: NDArray[np.float64], intervals: Intervals
) -> Judged:
    return Judged(ranked_probability_scores(bins, targets), _thirds_curve_error(bins, intervals))


def _thirds_curve_error(bins: NDArray[np.float64], intervals: Intervals) -> float:
    """Expected calibration error over the terciles."""
    cumulative = np.concatenate([np.zeros((len(bins), 1)), np.cumsum(bins, axis=1)], axis=1)
    below = np.stack(
        [np.interp(third, EDGES, row) for row in cumulative for third in (1 / 3, 2 / 3)]
    )
    below = below.reshape(-1, 2)
    thirds = np.column_stack([below[:, 0], below[:, 1] - below[:, 0], 1 - below[:, 1]])
    actual = np.clip((intervals.middle * 3).astype(np.int64), 0, 2)
    return calibration_curve(thirds, actual).error


def _metrics(
    posts: LabelledPosts, rows: NDArray[np.intp], head: Head, intervals: Intervals
) -> tuple[dict[str, Any], Judged]:
    bins = head.predict_groups(_rows(posts, rows))
    targets = soft_bins(intervals[rows])
    base = np.tile(UNIFORM, (len(rows), 1))
    ours = _judged(bins, targets, intervals[rows])
    percentile = bins @ (EDGES[:-1] + 0.5 / BINS)
    log_loss = float(log_losses(bins, targets).mean())
    rps = float(ours.rps.mean())
    newest = rows[np.argsort(posts.posted_at[rows])][-MAX_PAIRED:]
    kept = np.isin(rows, newest)
    return {
        "n": len(rows),
        "log_loss": log_loss,
        "log_loss_skill": skill(log_loss, float(log_losses(base, targets).mean())),
        "rps": rps,
        "rps_skill": skill(rps, float(ranked_probability_scores(base, targets).mean())),
        "ece": ours.calibration_error,
        "spearman": spearman(percentile, posts.score[rows]),
        "pair_accuracy": pair_accuracy(
            percentile[kept], posts.score[rows][kept], posts.community[rows][kept]
        ),
    }, ours
