"""What a simulation found: skill beside that of the truth, the league, and the effect of a word."""

import math
from bisect import bisect_right, insort
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.league.intervals import Moments, points_interval
from bot.people.identity import hash_person
from bot.reports.reply_effect import reply_effect
from bot.simulation.community import START, World
from bot.simulation.people import PEOPLE
from bot.simulation.platform import SimulatedPlatform
from bot.simulation.truth import LUCK, Numbers, score_of
from models.distribution import UNIFORM, interval_target
from models.metrics import ranked_probability_scores
from models.percentiles import WINDOW
from storage.tables import Author, Guess, Label, ModelVersion, Post, Prediction, Reply
from storage.types import PlatformName
from trainer.data.targets import interval_of, soft_bins

#: Points of the law of luck that the truth's own forecast is worked out on.
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


@dataclass(frozen=True, slots=True)
class Played:
    """How one person did in the league."""

    name: str
    n: int
    hits: int
    points: float
    #: 95% interval of the points.
    interval: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Effect:
    """What a word from the bot multiplies the votes by: as the silent share says, and truly."""

    estimate: float
    interval: tuple[float, float]
    true: float
    spoken: int
    silent: int


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


async def read_league(session: AsyncSession, people_key: bytes) -> list[Played]:
    """The people by their points, the best first."""
    names = {hash_person(people_key, PlatformName.REDDIT, each.name): each.name for each in PEOPLE}
    query = (
        select(Author.hash, Guess.points)
        .join(Author, Author.id == Guess.author_id)
        .where(Guess.points.is_not(None))
    )
    won: dict[str, list[float]] = {name: [] for name in names.values()}
    for person, earned in await session.execute(query):
        won[names[person]].append(float(earned or 0.0))
    played = []
    for name, gained in won.items():
        points = _moments(gained)
        interval = points_interval(points) or (points.total, points.total)
        hits = sum(each > 0 for each in gained)
        played.append(Played(name, points.n, hits, points.total, interval))
    return sorted(played, key=lambda person: -person.points)


async def read_effect(
    session: AsyncSession, world: World, platform: SimulatedPlatform
) -> Effect | None:
    """What speaking did to the votes, from the silent share; None before both were seen."""
    query = (
        select(Post.source_id, Post.silent, Label.score, Reply.sent_at)
        .join(Label, Label.post_id == Post.id)
        .join(Reply, Reply.post_id == Post.id)
        .order_by(Post.posted_at, Post.id)
    )
    spoken: list[float] = []
    silent: list[float] = []
    lifts: list[float] = []
    # While Peoria has fallen silent altogether, its silence says nothing about the silent share.
    speaks = True
    for source_id, is_silent, score, sent_at in await session.execute(query):
        votes = math.log1p(max(score, 0.0))
        if not is_silent:
            speaks = sent_at is not None
        if is_silent and speaks:
            silent.append(votes)
        elif sent_at is not None:
            spoken.append(votes)
            lifts.append(math.log(platform.lift(world.by_source_id[source_id])))
    estimated = reply_effect(_moments(spoken), _moments(silent))
    if estimated is None:
        return None
    return Effect(
        estimate=estimated.factor,
        interval=estimated.interval,
        true=math.exp(float(np.mean(lifts))),
        spoken=len(spoken),
        silent=len(silent),
    )


def _moments(values: Sequence[float]) -> Moments:
    return Moments(len(values), math.fsum(values), math.fsum(each**2 for each in values))
