"""How busy a community was when a post appeared: how long ago its newest posts before it came.

Where many posts come, each has less time at the top. A post counts once its time has come, whatever
became of it: what it got plays no part.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

#: The newest posts that are looked at, counted back from the moment.
PLACES = (1, 2, 5, 10, 20, 50)
#: No more posts than this are read.
MOST_POSTS = PLACES[-1]

#: A place that no post has yet is as if its post had come so long ago, hours.
_LONGEST = 365 * 24.0


@dataclass(frozen=True, slots=True)
class Pace:
    """The age of a community's newest posts at one moment.

    Attributes:
        hours: since the newest post, the second newest and so on (`PLACES`), rising; shorter where
            there were fewer posts.
    """

    hours: tuple[float, ...] = ()

    @classmethod
    def of(cls, newest: Sequence[float], moment: float) -> "Pace":
        """Of the times of the newest posts.

        Args:
            newest: seconds since 1970 of at most `MOST_POSTS` posts before ``moment``, the newest
                first.
            moment: seconds since 1970.
        """
        return cls(
            tuple((moment - newest[place - 1]) / 3600 for place in PLACES if place <= len(newest))
        )


def pace_columns(pace: Pace) -> dict[str, float]:
    """What the head sees of a pace, by column: logarithms of hours, 0 to 9.1."""
    hours = pace.hours + (_LONGEST,) * (len(PLACES) - len(pace.hours))
    return {
        f"pace_{place}": math.log1p(min(max(age, 0.0), _LONGEST))
        for place, age in zip(PLACES, hours, strict=True)
    }
