"""How good second looks are: learned from some posts, judged on others, age by age."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from models.growth_curves import FinalScore
from models.metrics import average_precision
from models.trajectories import Trajectory
from storage.errors import ExpectedError
from trainer.data.trajectory_file import PostTrajectory, leeway
from trainer.growth.fit_curves import MIN_POSTS, fit_curve

Numbers: TypeAlias = NDArray[np.float64]

#: Share of a file, the oldest posts, that is learned from when nothing else is given.
LEARNED_SHARE = 0.6

#: Early ages that are judged besides every full hour, seconds.
_HALF_HOUR = 1800

#: From the learned early and final scores, the quantiles for judged early ones: float64[n, 3]
#: in asinh.
Forecaster: TypeAlias = Callable[[Numbers, Numbers, Numbers], Numbers]


class NothingToJudge(ExpectedError):
    """Too few posts to learn from or to judge; the message says how many there are."""


@dataclass(frozen=True, slots=True)
class Score:
    """How good one way of forecasting was at one age.

    Attributes:
        n: posts judged.
        mae_asinh: mean absolute difference of the median and the final score, in asinh.
        coverage80: share (0 to 1) of final scores within the 80% interval, ends included.
        pr_auc_top5: area under precision and recall (average precision) for "ends among the
            highest 5% of those judged"; None where so many tie that no post is above the others.
    """

    n: int
    mae_asinh: float
    coverage80: float
    pr_auc_top5: float | None


@dataclass(frozen=True, slots=True)
class AgeScores:
    """The scores at one age (seconds): of second looks, and of simpler ways by name."""

    age: int
    learned: int
    second_look: Score
    others: Mapping[str, Score]


def split(
    posts: Sequence[PostTrajectory], horizon: float
) -> tuple[list[PostTrajectory], list[PostTrajectory]]:
    """The earliest 60% of the posts that were read up to the horizon, and those after them."""
    whole = [post for post in posts if post.final(horizon) is not None]
    n = int(len(whole) * LEARNED_SHARE)
    return whole[:n], whole[n:]


def judge(
    learned: Sequence[PostTrajectory],
    judged: Sequence[PostTrajectory],
    horizon: float,
    others: Mapping[str, Forecaster],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[AgeScores]:
    """Scores at every full hour and half an hour where posts have readings, the youngest first.

    Raises:
        NothingToJudge: no age has enough posts to learn from and one to judge.
    """
    ages = _ages(judged, horizon)
    found: list[AgeScores] = []
    for done, age in enumerate(ages):
        progress(done, len(ages))
        before, final = _at(learned, age, horizon)
        looked_at, outcome = _at(judged, age, horizon)
        if len(before) < MIN_POSTS or not looked_at:
            continue
        curve = fit_curve(before, final, age)
        looks = curve.final(np.array([each.features() for each in looked_at]))
        early = np.array([each.scores[-1] for each in before])
        now = np.array([each.scores[-1] for each in looked_at])
        scores = {
            name: _score(forecaster(early, final, now), outcome, final)
            for name, forecaster in (BASELINES | dict(others)).items()
        }
        found.append(AgeScores(age, len(before), _score(looks, outcome, final), scores))
    progress(len(ages), len(ages))
    if not found:
        raise NothingToJudge(
            f"There is too little to judge: {len(learned):,} posts to learn from (at least"
            f" {MIN_POSTS} are needed) and {len(judged):,} to judge were read up to"
            f" {horizon / 3600:g} h."
        )
    return found


def _ages(posts: Sequence[PostTrajectory], horizon: float) -> list[int]:
    """Every full hour and half an hour that there are readings of, before the horizon."""
    found = {float(age) for post in posts for age in post.trajectory.ages}
    near = {(age, _nearest(age)) for age in found}
    return sorted({of for age, of in near if of < horizon and abs(age - of) <= leeway(of)})


def _nearest(age: float) -> int:
    hours = round(age / 3600)
    return 3600 * hours if hours and age > 1.5 * _HALF_HOUR else _HALF_HOUR


def _at(
    posts: Sequence[PostTrajectory], age: float, horizon: float
) -> tuple[list[Trajectory], Numbers]:
    """Readings up to about an age of the posts that were read then, and their final scores."""
    readings, final = [], []
    for post in posts:
        score, until = post.final(horizon), post.trajectory.until(age + leeway(age))
        if score is not None and len(until.ages) and until.ages[-1] >= age - leeway(age):
            readings.append(until)
            final.append(score)
    return readings, np.array(final, np.float64)


def no_growth(early: Numbers, final: Numbers, now: Numbers) -> Numbers:
    """The score stays as it is; the interval is what others were off by."""
    return _around(np.arcsinh(now), np.arcsinh(final) - np.arcsinh(early))


def typical_growth(early: Numbers, final: Numbers, now: Numbers) -> Numbers:
    """The score times the median growth of the posts that had any votes."""
    grown = final[early > 0] / early[early > 0]
    growth = float(np.median(grown)) if len(grown) else 1.0
    return _around(np.arcsinh(now * growth), np.arcsinh(final) - np.arcsinh(early * growth))


BASELINES: dict[str, Forecaster] = {"typical": typical_growth, "no_growth": no_growth}


def _around(median: Numbers, residuals: Numbers) -> Numbers:
    low, high = np.quantile(residuals, [0.1, 0.9])
    return np.column_stack([median + min(low, 0.0), median, median + max(high, 0.0)])


def _score(quantiles: Numbers, outcome: Numbers, learned: Numbers) -> Score:
    final = np.arcsinh(outcome)
    top = float(np.quantile(learned, 0.95))
    return Score(
        n=len(final),
        mae_asinh=float(np.abs(quantiles[:, 1] - final).mean()),
        coverage80=float(((quantiles[:, 0] <= final) & (final <= quantiles[:, 2])).mean()),
        pr_auc_top5=_pr_auc([FinalScore(*row).above(top) for row in quantiles], outcome),
    )


def _pr_auc(ranks: Sequence[float], outcome: Numbers) -> float | None:
    """Average precision of a ranking for the highest 5%; ties at their edge are not among them."""
    is_top = outcome > np.quantile(outcome, 0.95, method="lower")
    return average_precision(is_top, np.array(ranks))


def to_json(scores: Sequence[AgeScores]) -> dict[str, Any]:
    """What ``main.py nowcast --json`` prints."""
    return {
        "readings": {
            str(each.age): asdict(each.second_look)
            | {name: asdict(each.others[name]) for name in BASELINES}
            for each in scores
        }
    }


def draw(scores: Sequence[AgeScores], path: Path) -> None:
    """The error of second looks and of simpler ways against the age, as a PNG."""
    import matplotlib as mpl

    mpl.use("Agg", force=False)
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 3.8), layout="constrained")
    hours = [each.age / 3600 for each in scores]
    axes.plot(
        hours, [each.second_look.mae_asinh for each in scores],
        marker="o", ms=3, color="#1f6f8b", label="second look",
    )  # fmt: skip
    for name, colour in zip(scores[0].others, ("#d9793a", "#9aa7b0", "#22303c"), strict=False):
        axes.plot(
            hours,
            [each.others[name].mae_asinh for each in scores],
            color=colour,
            label=name.replace("_", " "),
        )
    axes.set(
        xlabel="age of the post, hours",
        ylabel="off by (asinh)",
        title="Mean error of the final score, foreseen from the readings so far",
    )
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=120)
    plt.close(figure)
