"""Second looks: where a post is heading, from its early votes.

A second look stands beside the prediction, which was made before any vote. It never replaces it,
and it never enters its score.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

import numpy as np
from sqlalchemy.orm import Session

from bot.labels.first_prediction import full_change, moved, trust
from bot.labels.growth import Growth, Heading, Numbers, adapted, as_prior, fit_growth, no_growth
from models.growth_curves import LEVELS, FinalScore, GrowthCurves
from models.percentiles import MIN_LABELS
from models.trajectories import Reading, Trajectory
from storage.engine.database import Database
from storage.queries.growth_examples import (
    alike_communities,
    first_predictions,
    growth_examples,
    newest_finals,
    readings_of,
)
from storage.tables import Community
from storage.types import PlatformName

#: Newest posts that a community's growth is learned from, and those that each other community
#: of the platform lends.
OWN_POSTS = 500
LENT_POSTS = 200

#: With fewer posts than this, of anybody, there is nothing to say yet.
MIN_POSTS = 20

#: A reading that came later than this many times its age tells of another age.
_LATE = 1.25

#: What was learned is good for a quarter of the horizon, and an hour at most, seconds.
_FRESH = 3600.0


class Nowcaster:
    """Learns how scores grow, community by community, and says where a post is heading.

    Args:
        database: where readings and labels are.
        curves: growth curves by platform. Where a platform has them for the age and horizon, they
            are used, adapted to the community; elsewhere one line in asinh is learned from stored
            posts. Scores of one platform say nothing about another's.
    """

    def __init__(
        self, database: Database, curves: Mapping[PlatformName, GrowthCurves] | None = None
    ) -> None:
        self._database = database
        self._curves = curves or {}
        self._learned: dict[tuple[int, int], tuple[datetime, Growth]] = {}

    async def look(
        self,
        community: Community,
        reading: int,
        age_seconds: float,
        score: float,
        now: datetime,
        *,
        post_id: int,
        comments: int | None = None,
    ) -> Heading | None:
        """Where a post is heading; None when its reading was late or too little is known.

        Args:
            community: where the post is.
            reading: the early reading, as its due age in seconds.
            age_seconds: the age that was met.
            score: what was read.
            now: aware.
            post_id: the post; its earlier readings are stored.
            comments: how many were read with the score; None: not known.
        """
        if age_seconds > _LATE * reading:
            return None
        curves = self._curves.get(community.platform)
        if curves is not None and curves.near(age_seconds, community.horizon_seconds):
            last = Reading(age_seconds, score, comments)
            return await self._database.run_read(
                lambda session: look_by_curves(
                    session, community, curves, post_id, last, before=self._before(community, now)
                )
            )
        growth = await self._growth(community, reading, now)
        if growth.n < MIN_POSTS:
            return None
        before = self._before(community, now)
        return await self._database.run_read(
            lambda session: look_by_line(
                session, community, growth, post_id, age_seconds, score, before=before
            )
        )

    @staticmethod
    def _before(community: Community, now: datetime) -> datetime:
        """A round moment: a process that starts again learns the same."""
        fresh = min(community.horizon_seconds / 4, _FRESH)
        return datetime.fromtimestamp(now.timestamp() // fresh * fresh, UTC)

    async def _growth(self, community: Community, reading: int, now: datetime) -> Growth:
        before = self._before(community, now)
        key = community.id, reading
        learned = self._learned.get(key)
        if learned is None or learned[0] != before:
            growth = await self._database.run_read(
                lambda session: learn_growth(session, community, reading, before=before)
            )
            learned = self._learned[key] = before, growth
        return learned[1]


def look_by_curves(
    session: Session,
    community: Community,
    curves: GrowthCurves,
    post_id: int,
    last: Reading,
    *,
    before: datetime,
) -> Heading | None:
    """Where a post is heading by the platform's curves, adapted to its community.

    The community's own newest labels that matured by ``before`` tell how far the curves were off
    there.
    """
    horizon = community.horizon_seconds
    earlier = [Reading(*each) for each in readings_of(session, [post_id]).get(post_id, ())]
    expected = curves.final(Trajectory.of([*earlier, last]).until(last.age), horizon)
    if expected is None:
        return None
    labels = newest_finals(session, community.id, before=before, limit=OWN_POSTS)
    looks = _own_looks(session, labels, last.age, lambda so_far: curves.final(so_far, horizon))
    expected, seen = _with_first_predictions(session, post_id, expected, looks, labels)
    return adapted(expected, [(look, labels[own_id]) for own_id, look in seen.items()])


def look_by_line(
    session: Session,
    community: Community,
    growth: Growth,
    post_id: int,
    age: float,
    score: float,
    *,
    before: datetime,
) -> Heading:
    """Where a post is heading by the line that was learned, and by its first prediction."""
    expected = growth.final(score)
    if first_predictions(session, [post_id]):
        labels = newest_finals(session, community.id, before=before, limit=OWN_POSTS)
        looks = _own_looks(session, labels, age, lambda so_far: growth.final(so_far.scores[-1]))
        expected, _ = _with_first_predictions(session, post_id, expected, looks, labels)
    return Heading(*(math.sinh(point) for point in expected))


def _own_looks(
    session: Session,
    labels: Mapping[int, float],
    age: float,
    foresee: Callable[[Trajectory], FinalScore | None],
) -> dict[int, FinalScore]:
    """What would have been foreseen of posts that have their labels, from readings up to an age."""
    found = {}
    for own_id, readings in readings_of(session, [*labels]).items():
        so_far = Trajectory.of(Reading(*each) for each in readings).until(age * _LATE)
        if len(so_far.ages) and so_far.ages[-1] >= age / _LATE:
            foreseen = foresee(so_far)
            if foreseen is not None:
                found[own_id] = foreseen
    return found


def _with_first_predictions(
    session: Session,
    post_id: int,
    expected: FinalScore,
    looks: Mapping[int, FinalScore],
    labels: Mapping[int, float],
) -> tuple[FinalScore, Mapping[int, FinalScore]]:
    """The look at a post, and those at its community's posts, with what was first predicted.

    Posts without a first prediction keep what the readings say; all do where the community's posts
    do not show that first predictions help.
    """
    if len(labels) < MIN_LABELS:
        return expected, looks
    firsts = {
        each: FinalScore(*np.arcsinh(points).tolist())
        for each, points in first_predictions(session, [post_id, *looks]).items()
    }
    if post_id not in firsts:
        return expected, looks
    usual = FinalScore(*np.quantile(np.arcsinh([*labels.values()]), LEVELS).tolist())
    changes = {
        each: full_change(look, firsts[each], usual)
        for each, look in looks.items()
        if each in firsts
    }
    share = trust(
        [*changes.values()],
        [math.asinh(labels[each]) - looks[each].median for each in changes],
    )
    change = full_change(expected, firsts[post_id], usual)
    return moved(expected, share * change), {
        each: moved(look, share * changes.get(each, 0.0)) for each, look in looks.items()
    }


def learn_growth(
    session: Session, community: Community, reading: int, *, before: datetime
) -> Growth:
    """How scores grow in a community between a reading and the horizon.

    Learned from its newest labels that matured by ``before``, leaning on communities of the same
    platform and horizon. ``n`` counts all posts that anything was learned from.
    """
    others = alike_communities(session, community)
    early, final = [np.empty(0)], [np.empty(0)]
    for other in others:
        lent = _examples(session, other, reading, before=before, limit=LENT_POSTS)
        early.append(lent[0])
        final.append(lent[1])
    pool = fit_growth(np.concatenate(early), np.concatenate(final), no_growth())
    own = _examples(session, community.id, reading, before=before, limit=OWN_POSTS)
    growth = fit_growth(*own, as_prior(pool) if pool.n else pool)
    return Growth(pool.n + growth.n, growth.line, growth.weight, growth.freedom, growth.variance)


def _examples(
    session: Session, community_id: int, reading: int, *, before: datetime, limit: int
) -> tuple[Numbers, Numbers]:
    rows: Sequence[tuple[float, float]] = growth_examples(
        session, community_id, reading, before=before, limit=limit, latest_age=_LATE * reading
    )
    scores = np.array(rows, np.float64).reshape(-1, 2)
    return scores[:, 0], scores[:, 1]
