"""Growth curves fitted again on the posts that were watched here, kept where a gate says so.

Curves that ship were learned from one subreddit on one day. A platform whose own posts were read as
they grew gets curves of its own, as soon as those do better on posts that neither saw.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.growth_curves import LEVELS, SHIPPED, CurvesUnusable, GrowthCurves, learned_path
from models.trajectories import Reading, Trajectory
from storage.engine.database import Database
from storage.files.atomic import replacing
from storage.tables import Community, Label, Post, Snapshot
from storage.types import PlatformName
from trainer.growth.fit_curves import fit_curve

Numbers: TypeAlias = NDArray[np.float64]

#: The newest posts that are learned from and judged by.
MOST_POSTS = 3_000
#: Fewer that were read near an age, or fewer that are judged, show nothing.
LEAST_POSTS, LEAST_JUDGED = 200, 50
#: The share of the posts, the newest, that is judged.
JUDGED_SHARE = 0.25
#: How sure the gate must be, by resampling the judged posts.
SURE, RESAMPLES = 0.9, 2_000
#: A reading is of an age where it was due, if it was met by so many times either way.
_NEAR = 1.25


@dataclass(frozen=True, slots=True)
class Watched:
    """A post that was read as it grew: its readings before the horizon, and its final score."""

    trajectory: Trajectory
    final: float


@dataclass(frozen=True, slots=True)
class GrowthVerdict:
    """What became of one platform's curves.

    Attributes:
        promoted: whether the new ones serve.
        reason: a sentence.
        judged: posts and ages that both were judged on.
        before: mean loss of the curves that served, the mean of the three quantiles' (asinh).
        after: of the new ones.
    """

    promoted: bool
    reason: str
    judged: int = 0
    before: float | None = None
    after: float | None = None

    def to_json(self) -> dict[str, Any]:
        """JSON values only."""
        return {
            "promoted": self.promoted, "reason": self.reason, "judged": self.judged,
            "before": self.before, "after": self.after,
        }  # fmt: skip


async def read_watched(
    session: AsyncSession,
    platform: PlatformName,
    horizon: float,
    *,
    without: Collection[int] = (),
) -> list[Watched]:
    """The newest labelled posts of a platform's communities with one horizon, the oldest first.

    Those of communities in ``without`` are left out.
    """
    newest = (
        select(Post.id, Post.posted_at, Label.score)
        .join(Label, Label.post_id == Post.id)
        .join(Community, Community.id == Post.community_id)
        .where(
            Post.platform == platform,
            Community.horizon_seconds == horizon,
            Community.id.not_in(without),
        )
        .order_by(Post.posted_at.desc(), Post.id.desc())
        .limit(MOST_POSTS)
        .subquery()
    )
    query = (
        select(
            newest.c.id, newest.c.score, Snapshot.age_seconds, Snapshot.score,
            Snapshot.comments, Snapshot.upvote_ratio,
        )
        .join(Snapshot, Snapshot.post_id == newest.c.id)
        .where(Snapshot.reading < horizon)
        .order_by(newest.c.posted_at, newest.c.id, Snapshot.reading)
    )  # fmt: skip
    readings: defaultdict[int, list[Reading]] = defaultdict(list)
    finals: dict[int, float] = {}
    for post_id, final, *reading in await session.execute(query):
        readings[post_id].append(Reading(*reading))
        finals[post_id] = final
    return [Watched(Trajectory.of(readings[key]), final) for key, final in finals.items()]


def refit_curves(
    posts: Sequence[Watched], current: GrowthCurves, *, seed: int
) -> tuple[GrowthCurves | None, GrowthVerdict]:
    """Try for better curves at the ages of the current ones.

    Args:
        posts: watched ones, the oldest first.
        current: what serves.
        seed: of the resampling.

    Returns:
        The new curves, fitted on all posts, where they are to serve; and why.
    """
    cut = round(len(posts) * (1 - JUDGED_SHARE))
    learned, judged = posts[:cut], posts[cut:]
    gains, befores, afters, ages = [], [], [], []
    for curve in current.curves:
        looks, finals = _near(learned, curve.age)
        seen, happened = _near(judged, curve.age)
        if len(looks) + len(seen) < LEAST_POSTS or len(seen) < LEAST_JUDGED:
            continue
        features = np.array([each.features() for each in seen])
        new = fit_curve(looks, finals, curve.age, thinned=True)
        before = quantile_losses(curve.final(features), happened)
        after = quantile_losses(new.final(features), happened)
        gains.append(before - after)
        befores.append(before)
        afters.append(after)
        ages.append(curve.age)
    if not ages:
        return None, GrowthVerdict(
            False,
            f"{len(posts)} watched posts are too few: at least {LEAST_POSTS} are needed that were"
            " read at an age of the curves.",
        )
    gain = np.concatenate(gains)
    rng = np.random.default_rng(seed)
    means = [gain[rng.integers(0, len(gain), len(gain))].mean() for _ in range(RESAMPLES)]
    sure = float(np.mean(np.array(means) > 0))
    figures = (
        len(gain), float(np.concatenate(befores).mean()), float(np.concatenate(afters).mean())
    )  # fmt: skip
    said = f"with probability {sure:.2f} on {len(gain)} readings of {len(judged)} posts"
    if sure < SURE:
        return None, GrowthVerdict(False, f"Better than the curves that serve {said}.", *figures)
    fitted = {curve.age: curve for curve in current.curves}
    for age in ages:
        fitted[age] = fit_curve(*_near(posts, age), age, thinned=True)
    new_curves = GrowthCurves(current.horizon, tuple(fitted[age] for age in sorted(fitted)))
    return new_curves, GrowthVerdict(True, f"Better than the curves before {said}.", *figures)


def quantile_losses(quantiles: Numbers, finals: Numbers) -> Numbers:
    """The mean loss of the three quantiles on each post, asinh: float64 [n].

    Args:
        quantiles: of the final score in asinh, float64 [n, 3].
        finals: scores at the horizon, float64 [n].
    """
    off = np.arcsinh(finals)[:, None] - quantiles
    levels = np.array(LEVELS)
    losses: Numbers = np.maximum(levels * off, (levels - 1) * off).mean(axis=1)
    return losses


async def refit_growth(
    database_url: str, folder: Path, *, seed: int, without: Collection[int] = ()
) -> dict[str, dict[str, Any]]:
    """Try for better curves of every platform that has some; write those that are to serve.

    Args:
        database_url: where readings and labels are.
        folder: where learned curves lie.
        seed: of the resampling.
        without: communities whose posts teach nobody else.

    Returns:
        The verdicts, by platform.
    """
    verdicts: dict[str, dict[str, Any]] = {}
    database = Database(database_url)
    try:
        for name, path in SHIPPED.items():
            learned = learned_path(folder, name)
            current = _current(learned, path)
            if current is None:
                continue
            async with database.read() as session:
                posts = await read_watched(
                    session, PlatformName(name), current.horizon, without=without
                )
            curves, verdict = refit_curves(posts, current, seed=seed)
            if curves is not None:
                _write(curves, learned)
            verdicts[name] = verdict.to_json()
    finally:
        await database.close()
    return verdicts


def _current(learned: Path, shipped: Path) -> GrowthCurves | None:
    """What serves: the learned curves, else those that ship; None where neither can be used."""
    for path in (learned, shipped):
        try:
            return GrowthCurves.load(path)
        except CurvesUnusable:
            continue
    return None


def _write(curves: GrowthCurves, path: Path) -> None:
    """Whole or not at all."""
    with replacing(path) as file:
        curves.save(file)


def _near(posts: Sequence[Watched], age: float) -> tuple[list[Trajectory], Numbers]:
    """Readings up to an age of the posts that were read near it, and their final scores."""
    readings, finals = [], []
    for post in posts:
        so_far = post.trajectory.until(age * _NEAR)
        if len(so_far.ages) and so_far.ages[-1] >= age / _NEAR:
            readings.append(so_far)
            finals.append(post.final)
    return readings, np.array(finals, np.float64)
