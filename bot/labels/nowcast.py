"""Second looks: where a post is heading, from its early votes.

A second look stands beside the prediction, which was made before any vote. It never replaces it,
and it never enters its score.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
from sqlalchemy.orm import Session

from bot.labels.growth import Growth, Heading, Numbers, as_prior, fit_growth, no_growth
from storage.engine.database import Database
from storage.queries.growth_examples import alike_communities, growth_examples
from storage.tables import Community

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
    """Learns how scores grow, community by community, and says where a post is heading."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._learned: dict[tuple[int, int], tuple[datetime, Growth]] = {}

    async def look(
        self, community: Community, reading: int, age_seconds: float, score: float, now: datetime
    ) -> Heading | None:
        """Where a post is heading; None when its reading was late or too little is known.

        Args:
            community: where the post is.
            reading: the early reading, as its due age in seconds.
            age_seconds: the age that was met.
            score: what was read.
            now: aware.
        """
        if age_seconds > _LATE * reading:
            return None
        growth = await self._growth(community, reading, now)
        return growth.heading(score) if growth.n >= MIN_POSTS else None

    async def _growth(self, community: Community, reading: int, now: datetime) -> Growth:
        # Everything that matured by a round moment, so that a restart learns the same.
        fresh = min(community.horizon_seconds / 4, _FRESH)
        before = datetime.fromtimestamp(now.timestamp() // fresh * fresh, UTC)
        key = community.id, reading
        learned = self._learned.get(key)
        if learned is None or learned[0] != before:
            growth = await self._database.run_read(
                lambda session: learn_growth(session, community, reading, before=before)
            )
            learned = self._learned[key] = before, growth
        return learned[1]


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
