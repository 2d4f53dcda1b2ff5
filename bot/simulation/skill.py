"""Skill over the base rate in a simulation: of what served, beside that of the truth."""

import math
from bisect import bisect_right, insort
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.simulation.community import START, World
from bot.simulation.platform import SimulatedPlatform
from bot.simulation.truth import LUCK, Numbers, score_of
from models.distribution import UNIFORM, interval_target
from models.metrics import ranked_probability_scores
from models.percentiles import WINDOW
from storage.tables import Label, ModelVersion, Post, Prediction
from trainer.data.targets import interval_of, soft_bins

#: Points of the distribution of luck that the truth's own forecast is computed on.
_POINTS = 201
#: Days that make one point of the curves, and the share of all days that counts as the end.
STEP_DAYS = 2
LAST = 0.25
_RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Scored:
    """Every labelled post's ranked probability scores, in the order of posting: float64 [n]."""

    posted_at: list[datetime]
    served: Numbers
    truth: Numbers
    base: Numbers
    version: list[str]


@dataclass(frozen=True, slots=True)
class Skill:
    """Skill over the base rate of what served and of the truth, with the share of the latter."""

    n: int
    served: float
    truth: float
    share: float
    share_interval: tuple[float, float]


async def read_scored(session: AsyncSession, world: World, platform: SimulatedPlatform) -> Scored:
    """The scores of what served and of the truth, which knows every cause but luck."""
    query = (
        select(Post, Prediction, Label, ModelVersion.name)
        .join(Prediction, Prediction.post_id == Post.id)
        .join(Label, Label.post_id == Post.id)
        .join(ModelVersion, ModelVersion.id == Prediction.model_version_id)
        .where(Prediction.scored_at.is_not(None))
        .order_by(Post.posted_at, Post.id)
    )
    rows = (await session.execute(query)).all()
    labels = deque(sorted((label.matured_at, label.score) for _, _, label, _ in rows))
    window: deque[float] = deque()
    known: list[float] = []
    bins, truths, targets = [], [], []
    for post, prediction, label, _ in rows:
        while labels and labels[0][0] <= prediction.made_at:
            score = labels.popleft()[1]
            window.append(score)
            insort(known, score)
            if len(window) > WINDOW:
                known.pop(bisect_right(known, window.popleft()) - 1)
        made = world.by_source_id[post.source_id]
        mean = made.expected + math.log(platform.lift(made))
        bins.append(prediction.bins)
        truths.append(_truth(mean, known))
        targets.append(interval_target(label.percentile_low, label.percentile_high))
    happened = np.array(targets).reshape(-1, len(UNIFORM))
    return Scored(
        posted_at=[post.posted_at for post, *_ in rows],
        served=ranked_probability_scores(np.array(bins).reshape(happened.shape), happened),
        truth=ranked_probability_scores(np.array(truths).reshape(happened.shape), happened),
        base=ranked_probability_scores(np.broadcast_to(UNIFORM, happened.shape), happened),
        version=[name for *_, name in rows],
    )


def _truth(mean: float, known: Sequence[float]) -> Numbers:
    """The distribution over the percentile of a post whose log votes have this mean."""
    if not known:
        return UNIFORM
    scores = np.array([score_of(math.exp(mean + LUCK * point)) for point in _LUCKS], np.float64)
    bins: Numbers = soft_bins(interval_of(scores, np.array(known))).mean(axis=0)
    return bins


def _normal_points() -> list[float]:
    from statistics import NormalDist

    return [NormalDist().inv_cdf((k + 0.5) / _POINTS) for k in range(_POINTS)]


_LUCKS = _normal_points()


def skill(scored: Scored, since: datetime, until: datetime | None = None) -> Skill | None:
    """Skill on the posts of a period; None where there are none."""
    rows = np.array(
        [k for k, at in enumerate(scored.posted_at) if since <= at and (not until or at < until)],
        np.intp,
    )
    if not len(rows):
        return None
    served, truth, base = scored.served[rows], scored.truth[rows], scored.base[rows]
    drawn = np.random.default_rng(1).integers(0, len(rows), (_RESAMPLES, len(rows)))
    gained, possible = (base - served)[drawn].sum(axis=1), (base - truth)[drawn].sum(axis=1)
    low, high = np.quantile(gained / possible, [0.025, 0.975])
    total = float(base.sum())
    return Skill(
        n=len(rows),
        served=float(1 - served.sum() / total),
        truth=float(1 - truth.sum() / total),
        share=float((base - served).sum() / (base - truth).sum()),
        share_interval=(float(low), float(high)),
    )


def curve(scored: Scored, days: int) -> list[tuple[datetime, Skill]]:
    """Skill in steps of `STEP_DAYS`, each at the middle of its step."""
    steps = []
    for day in range(0, days, STEP_DAYS):
        since = START + timedelta(days=day)
        found = skill(scored, since, since + timedelta(days=STEP_DAYS))
        if found is not None:
            steps.append((since + timedelta(days=STEP_DAYS / 2), found))
    return steps
