"""When a post's score is read: at a few early ages, and at the horizon.

Readings come late when the bot or its platform was away. A score is stored with the age that it
really had; a label needs the score at the horizon, and takes it from the line between the last
reading before and the first one after. The line is straight in the logarithm of the age: scores
grow fast and then flatten, so that a line in the age itself gives the horizon too small a share
of the growth. (Nine curves that flatten, read at 6 h and 36 h in place of 24 h: off by at most 7%
in log-age, by up to 16% in age, and by up to 23% if the late score were taken as it is.)
"""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

#: Ages of the early readings, seconds; those at or beyond a community's horizon are left out.
EARLY = (600, 3600, 6 * 3600)

#: At this age (seconds) nobody has voted yet: where a growth curve begins when no reading was
#: met. The logarithm has no use for an age of zero.
_START = 60.0


class AgedScore(NamedTuple):
    """A score, and how old its post was, in seconds."""

    age: float
    score: float


def ages(horizon_seconds: int, early: Sequence[int] | None = None) -> tuple[int, ...]:
    """Ages at which a score is read, ascending, seconds; the last one is the horizon.

    Args:
        horizon_seconds: the community's.
        early: ages of its early readings; None: the usual ones.
    """
    wanted = sorted(set(EARLY if early is None else early))
    return (*(age for age in wanted if 0 < age < horizon_seconds), horizon_seconds)


def reading_at(
    age_seconds: float, horizon_seconds: int, early: Sequence[int] | None = None
) -> int | None:
    """The reading that a score of this age counts as: the latest that was due; None if none was."""
    due = [age for age in ages(horizon_seconds, early) if age <= age_seconds]
    return due[-1] if due else None


def next_reading_at(
    posted_at: datetime,
    horizon_seconds: int,
    now: datetime,
    early: Sequence[int] | None = None,
) -> datetime:
    """When the next reading is due. Never later than the horizon: a missed one is due at once."""
    age = (now - posted_at).total_seconds()
    coming = [each for each in ages(horizon_seconds, early) if each > age]
    return posted_at + timedelta(seconds=coming[0] if coming else horizon_seconds)


def late_by(age_seconds: float, horizon_seconds: int) -> float:
    """How late a reading came for the horizon, as a share of the horizon; 0 if it did not."""
    return max(age_seconds / horizon_seconds - 1, 0.0)


def score_at_horizon(before: AgedScore | None, after: AgedScore, horizon_seconds: int) -> int:
    """The score at the horizon, from the readings around it; a whole number, like every score.

    Args:
        before: the last reading before the horizon; None: no reading was met.
        after: the first one at or beyond it.
        horizon_seconds: the age that is wanted.

    Raises:
        ValueError: the readings do not lie around the horizon.
    """
    if after.age <= horizon_seconds:
        if after.age < horizon_seconds:
            raise ValueError(f"{after.age} s is before the horizon of {horizon_seconds} s")
        return round(after.score)
    if before is None or before.age <= 0:
        before = AgedScore(min(_START, horizon_seconds / 2), 0.0)
    if before.age > horizon_seconds:
        raise ValueError(f"{before.age} s is beyond the horizon of {horizon_seconds} s")
    share = math.log(horizon_seconds / before.age) / math.log(after.age / before.age)
    return round(before.score + (after.score - before.score) * share)
