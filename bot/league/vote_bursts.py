"""Many votes alike within a minute, on the local board, where every vote has its time."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from operator import itemgetter
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.tables import Vote

#: A burst: at least so many votes alike within the window, and at least so many times as many as
#: is usual (the busiest minute of 95% of the other posts).
WINDOW = timedelta(minutes=1)
LEAST_BURST = 6
TIMES_USUAL = 3.0

#: Votes on one post and one way: its id, and 1 or -1.
PostAndValue = tuple[int, int]


class Burst(NamedTuple):
    """The busiest window of votes alike: how many, when it began, how many times the usual."""

    votes: int
    at: datetime
    times: float


async def read_bursts(session: AsyncSession, post_ids: Sequence[int]) -> dict[PostAndValue, Burst]:
    """Bursts of votes on some posts, all of one community."""
    votes: defaultdict[PostAndValue, list[datetime]] = defaultdict(list)
    query = select(Vote.post_id, Vote.value, Vote.voted_at).where(Vote.post_id.in_(post_ids))
    for post_id, value, voted_at in await session.execute(query):
        votes[post_id, value].append(voted_at)
    return find_bursts(votes)


def find_bursts(
    votes: Mapping[PostAndValue, Sequence[datetime]],
) -> dict[PostAndValue, Burst]:
    """Votes on one post and one way that came much faster than is usual.

    Args:
        votes: the times of votes, by post and value.
    """
    peaks = {key: busiest(sorted(times)) for key, times in votes.items() if times}
    found = {}
    for key, (most, at) in peaks.items():
        others = sorted(peak for other, (peak, _) in peaks.items() if other != key)
        usual = others[int(0.95 * (len(others) - 1))] if others else 1
        times = most / usual
        if most >= LEAST_BURST and times >= TIMES_USUAL:
            found[key] = Burst(most, at, times)
    return found


def busiest(times: Sequence[datetime]) -> tuple[int, datetime]:
    """The most of ``times`` (ascending, not empty) within a window, and where that begins."""
    return max(
        ((bisect_right(times, at + WINDOW) - place, at) for place, at in enumerate(times)),
        key=itemgetter(0),
    )
