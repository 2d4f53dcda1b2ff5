"""Second looks: where a post is heading, from its early votes.

A second look stands beside the prediction, which was made before any vote. It never replaces it,
and it never enters its score.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TypeAlias

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


#: What readings so far say of a final score; None: nothing.
Foresee: TypeAlias = Callable[[Trajectory], FinalScore | None]


@dataclass(frozen=True, slots=True)
class OwnPosts:
    """What a community's own posts that have their labels say of second looks at one age.

    Attributes:
        finals: final scores by post.
        foreseen: what would have been foreseen of each; None where no reading came in time.
        looks: those of ``foreseen`` that are something.
        with_firsts: the same, with what was first predicted of them.
        usual: the community's scores; None while there are too few.
        share: of the change that a first prediction asks for, the part that is made, 0 to 1.
    """

    finals: Mapping[int, float]
    foreseen: Mapping[int, FinalScore | None]
    looks: Mapping[int, FinalScore]
    with_firsts: Mapping[int, FinalScore]
    usual: FinalScore | None
    share: float


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
        self._growths: dict[tuple[int, int], tuple[datetime, Growth]] = {}
        #: With the curves that foresaw: new ones say something else.
        self._own: dict[tuple[int, int, bool], tuple[datetime, GrowthCurves | None, OwnPosts]] = {}

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
        upvote_ratio: float | None = None,
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
            upvote_ratio: share of upvotes that was read with it; None: not known.
        """
        if age_seconds > _LATE * reading:
            return None
        curves = self._curves.get(community.platform)
        last = Reading(age_seconds, score, comments, upvote_ratio)
        before = self._before(community, now)
        if curves is not None and curves.near(age_seconds, community.horizon_seconds):
            horizon = community.horizon_seconds
            own = await self._own_posts(
                community,
                reading,
                before,
                lambda so_far: curves.final(so_far, horizon),
                curves=curves,
            )
            return await self._database.run_read(
                lambda session: look_by_curves(session, curves, horizon, post_id, last, own)
            )
        growth = await self._growth(community, reading, before)
        if growth.n < MIN_POSTS:
            return None
        own = await self._own_posts(
            community,
            reading,
            before,
            lambda so_far: growth.final(so_far.scores[-1]),
            curves=None,
        )
        return await self._database.run_read(
            lambda session: look_by_line(session, growth, post_id, score, own)
        )

    @staticmethod
    def _before(community: Community, now: datetime) -> datetime:
        """A round moment: a process that starts again learns the same."""
        fresh = min(community.horizon_seconds / 4, _FRESH)
        return datetime.fromtimestamp(now.timestamp() // fresh * fresh, UTC)

    async def _growth(self, community: Community, reading: int, before: datetime) -> Growth:
        key = community.id, reading
        learned = self._growths.get(key)
        if learned is None or learned[0] != before:
            growth = await self._database.run_read(
                lambda session: learn_growth(session, community, reading, before=before)
            )
            learned = self._growths[key] = before, growth
        return learned[1]

    async def _own_posts(
        self,
        community: Community,
        reading: int,
        before: datetime,
        foresee: Foresee,
        *,
        curves: GrowthCurves | None,
    ) -> OwnPosts:
        """What a community's own posts say; worked out once for all looks that go by the same."""
        key = community.id, reading, curves is not None
        learned = self._own.get(key)
        if learned is None or learned[0] != before or learned[1] is not curves:
            # Curves say the same of a post for ever: only posts that are new here are asked for.
            same = learned is not None and curves is not None and learned[1] is curves
            foreseen = learned[2].foreseen if learned is not None and same else {}
            own = await self._database.run_read(
                lambda session: read_own_posts(
                    session, community.id, reading, foresee, before=before, foreseen=foreseen
                )
            )
            learned = self._own[key] = before, curves, own
        return learned[2]


def look_by_curves(
    session: Session,
    curves: GrowthCurves,
    horizon: float,
    post_id: int,
    last: Reading,
    own: OwnPosts,
) -> Heading | None:
    """Where a post is heading by the platform's curves, adapted to its community."""
    earlier = [Reading(*each) for each in readings_of(session, [post_id]).get(post_id, ())]
    expected = curves.final(Trajectory.of([*earlier, last]).until(last.age), horizon)
    if expected is None:
        return None
    expected, looks = _with_first_prediction(session, post_id, expected, own)
    return adapted(expected, [(look, own.finals[own_id]) for own_id, look in looks.items()])


def look_by_line(
    session: Session, growth: Growth, post_id: int, score: float, own: OwnPosts
) -> Heading:
    """Where a post is heading by the line that was learned, and by its first prediction."""
    expected, _ = _with_first_prediction(session, post_id, growth.final(score), own)
    return Heading(*(math.sinh(point) for point in expected))


def read_own_posts(
    session: Session,
    community_id: int,
    reading: int,
    foresee: Foresee,
    *,
    before: datetime,
    foreseen: Mapping[int, FinalScore | None] = MappingProxyType({}),
) -> OwnPosts:
    """What a community's newest labels that matured by ``before`` say of second looks.

    Args:
        session: to read with.
        community_id: the community.
        reading: what is looked at, as its due age in seconds.
        foresee: what readings so far say of the final score.
        before: aware.
        foreseen: of posts that ``foresee`` need not be asked about, what it said.
    """
    finals = newest_finals(session, community_id, before=before, limit=OWN_POSTS)
    told = {own_id: foreseen.get(own_id) for own_id in finals}
    new = [own_id for own_id in finals if own_id not in foreseen]
    for own_id, readings in readings_of(session, new).items():
        so_far = Trajectory.of(Reading(*each) for each in readings).until(reading * _LATE)
        if len(so_far.ages) and so_far.ages[-1] >= reading / _LATE:
            told[own_id] = foresee(so_far)
    looks = {own_id: look for own_id, look in told.items() if look is not None}
    if len(finals) < MIN_LABELS:
        return OwnPosts(finals, told, looks, looks, None, 0.0)
    usual = FinalScore(*np.quantile(np.arcsinh([*finals.values()]), LEVELS).tolist())
    changes = {
        own_id: full_change(looks[own_id], first, usual)
        for own_id, first in _first_scores(session, [*looks]).items()
    }
    share = trust(
        [*changes.values()],
        [math.asinh(finals[own_id]) - looks[own_id].median for own_id in changes],
    )
    with_firsts = {
        own_id: moved(look, share * changes.get(own_id, 0.0)) for own_id, look in looks.items()
    }
    return OwnPosts(finals, told, looks, with_firsts, usual, share)


def _with_first_prediction(
    session: Session, post_id: int, expected: FinalScore, own: OwnPosts
) -> tuple[FinalScore, Mapping[int, FinalScore]]:
    """The look at a post, and those at its community's posts, with what was first predicted.

    A post without a first prediction keeps what the readings say, and so it does where the
    community's posts do not show that first predictions help.
    """
    first = _first_scores(session, [post_id]).get(post_id)
    if own.usual is None or first is None:
        return expected, own.looks
    change = full_change(expected, first, own.usual)
    return moved(expected, own.share * change), own.with_firsts


def _first_scores(session: Session, post_ids: Sequence[int]) -> dict[int, FinalScore]:
    found = first_predictions(session, post_ids)
    return {each: FinalScore(*np.arcsinh(points).tolist()) for each, points in found.items()}


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
