"""Not too much at once from one visitor."""

import math
from collections import deque
from datetime import datetime, timedelta

from bot.runtime.clock import Clock
from bot.web.refusals import Refusal


class RateLimit:
    """At most ``most`` times in any ``within``, for each key. Kept in memory only.

    Args:
        most: how often, at least 1.
        within: the length of the sliding window.
        what: what is limited, in the plural, for the sentence.
    """

    def __init__(self, clock: Clock, most: int, within: timedelta, *, what: str) -> None:
        self._clock = clock
        self._most = most
        self._within = within
        self._what = what
        self._times: dict[str, deque[datetime]] = {}

    def take(self, key: str) -> None:
        """Count one more for ``key``.

        Raises:
            Refusal: (429) it was one too many; it is not counted.
        """
        now = self._clock()
        self._forget(now - self._within)
        times = self._times.setdefault(key, deque())
        if len(times) >= self._most:
            wait = max(math.ceil((times[0] + self._within - now).total_seconds()), 1)
            raise Refusal(
                429,
                f"At most {self._most} {self._what} in"
                f" {self._within.total_seconds():.0f} seconds; try again in {wait} s.",
                retry_after=wait,
            )
        times.append(now)

    def _forget(self, before: datetime) -> None:
        for key in list(self._times):
            times = self._times[key]
            while times and times[0] <= before:
                times.popleft()
            if not times:
                del self._times[key]
