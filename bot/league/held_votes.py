"""Votes on the local board that were held back, by post."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.tables import Vote
from storage.types import VoteHold


class HeldVotes(NamedTuple):
    """Votes on one post that do not count: how many for which reason, and when the last came."""

    counts: dict[VoteHold, int]
    at: datetime

    @property
    def votes(self) -> int:
        """How many there are."""
        return sum(self.counts.values())


async def read_held(session: AsyncSession, post_ids: Sequence[int]) -> dict[int, HeldVotes]:
    """The held votes of those of some posts that have any."""
    counts: defaultdict[int, dict[VoteHold, int]] = defaultdict(dict)
    last: dict[int, datetime] = {}
    rows = await session.execute(
        select(Vote.post_id, Vote.held, func.count(), func.max(Vote.voted_at))
        .where(Vote.post_id.in_(post_ids), Vote.held.is_not(None))
        .group_by(Vote.post_id, Vote.held)
    )
    for post_id, held, votes, at in rows:
        if held is not None:
            counts[post_id][held] = votes
        last[post_id] = max(at, last.get(post_id, at))
    return {post_id: HeldVotes(each, last[post_id]) for post_id, each in counts.items()}
