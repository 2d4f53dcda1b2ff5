"""Votes and guesses on the local board that were held back, by post."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.tables import Guess, Vote
from storage.types import VoteHold


class Held(NamedTuple):
    """What does not count on one post: how many for which reason, and when the last came."""

    votes: dict[VoteHold, int]
    guesses: dict[VoteHold, int]
    at: datetime

    @property
    def total(self) -> int:
        """How many votes and guesses there are."""
        return sum(self.votes.values()) + sum(self.guesses.values())


async def read_held(session: AsyncSession, post_ids: Sequence[int]) -> dict[int, Held]:
    """What is held back on those of some posts that have any of it."""
    votes: defaultdict[int, dict[VoteHold, int]] = defaultdict(dict)
    guesses: defaultdict[int, dict[VoteHold, int]] = defaultdict(dict)
    last: dict[int, datetime] = {}
    for table, made_at, counts in (
        (Vote, Vote.voted_at, votes),
        (Guess, Guess.guessed_at, guesses),
    ):
        rows = await session.execute(
            select(table.post_id, table.held, func.count(), func.max(made_at))
            .where(table.post_id.in_(post_ids), table.held.is_not(None))
            .group_by(table.post_id, table.held)
        )
        for post_id, held, count, at in rows:
            if held is not None:
                counts[post_id][held] = count
            last[post_id] = max(at, last.get(post_id, at))
    return {post_id: Held(votes[post_id], guesses[post_id], at) for post_id, at in last.items()}
