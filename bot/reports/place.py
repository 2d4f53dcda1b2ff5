"""How well Peoria knows a community, and how the weights of its experts changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.tables import Post, Prediction

#: Newest posts whose predictions are looked at, and points that are drawn of them.
_NEWEST, _POINTS = 5000, 200


@dataclass(frozen=True, slots=True)
class Weights:
    """The weights that a forecast was made with.

    Attributes:
        made_at: when, ISO 8601.
        weights: of each expert by name, sum 1.
        known: how much of what was shown is more than the base rate, 0 to 1.
    """

    made_at: str
    weights: dict[str, float]
    known: float


async def read_weights(
    session: AsyncSession, community_id: int | None, since: date
) -> Sequence[Weights]:
    """The weights of a community's forecasts since a day (UTC), the oldest first.

    At most 200, spread evenly, the newest among them. Empty for all communities together: each has
    weights of its own.
    """
    if community_id is None:
        return ()
    # Cut before the predictions are met: a community without weights may have a million posts.
    newest = (
        select(Post.id, Post.posted_at)
        .where(Post.community_id == community_id)
        .order_by(Post.posted_at.desc(), Post.id.desc())
        .limit(_NEWEST)
        .subquery()
    )
    query = (
        select(Prediction.made_at, Prediction.weights, Prediction.share)
        .join(newest, newest.c.id == Prediction.post_id)
        .where(
            Prediction.made_at >= datetime.combine(since, time(), UTC),
            Prediction.share.is_not(None),
        )
        .order_by(newest.c.posted_at.desc(), newest.c.id.desc())
    )
    rows = (await session.execute(query)).all()
    thinned = rows[:: max(1, -(-len(rows) // _POINTS))]
    return [
        Weights(made_at.isoformat(), weights, share * (1.0 - weights["base"]))
        for made_at, weights, share in reversed(thinned)
        if weights is not None and share is not None
    ]
