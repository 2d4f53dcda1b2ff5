"""Final scores that wait for others to be compared with, as people are told of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.percentiles import WINDOW
from storage.queries.waiting_scores import different_scores
from storage.tables import WaitingScore


@dataclass(frozen=True, slots=True)
class Waits:
    """A final score, and what it waits for.

    Attributes:
        score: the final one.
        missing: how many more different scores its community needs, at least 1.
        needed: how many it needs in all.
    """

    score: float
    missing: int
    needed: int


def read_waits(session: Session, post_ids: Sequence[int], *, needed: int) -> dict[int, Waits]:
    """What those of some posts wait for whose score is final and has no label yet."""
    query = select(WaitingScore).where(WaitingScore.post_id.in_(post_ids))
    rows = session.scalars(query).all()
    missing = {
        community_id: max(needed - different_scores(session, community_id, limit=WINDOW), 1)
        for community_id in {row.community_id for row in rows}
    }
    return {row.post_id: Waits(row.score, missing[row.community_id], needed) for row in rows}
