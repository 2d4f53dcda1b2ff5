"""A limit on how often something may happen in a sliding window of time."""

from collections import deque
from collections.abc import Hashable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from bot.runtime.clock import Clock

K = TypeVar("K", bound=Hashable)


class SlidingWindow(Generic[K]):
    """Counts events of each key, and says when a key has room for one more.

    Kept in memory only: after a restart everything has to be counted again. What left the window
    is forgotten, so the memory used is that of the events within one window.

    Args:
        clock: the time.
        most: events of one key within any window, at least 1.
        within: the window's length. An event leaves the window exactly this long after it.
    """

    def __init__(self, clock: Clock, *, most: int, within: timedelta) -> None:
        self._clock = clock
        self._most = most
        self._within = within
        self._by_key: dict[K, deque[datetime]] = {}
        #: The key of each event, the oldest event first.
        self._in_order: deque[tuple[datetime, K]] = deque()

    def wait(self, key: K) -> timedelta:
        """How long until ``key`` has room for one more event; zero: it has room now."""
        now = self._clock()
        self._forget(now - self._within)
        times = self._by_key.get(key)
        if times is None or len(times) < self._most:
            return timedelta()
        return times[0] + self._within - now

    def add(self, key: K, at: datetime | None = None) -> None:
        """Count an event of ``key``. Ask `wait` first: this does not refuse.

        Args:
            key: whose it is.
            at: when it was, not before those that were counted already; None: now.
        """
        now = at or self._clock()
        self._in_order.append((now, key))
        self._by_key.setdefault(key, deque()).append(now)

    def room(self, key: K) -> tuple[int, timedelta]:
        """How many more events of ``key`` have room now, and when its oldest one leaves."""
        now = self._clock()
        self._forget(now - self._within)
        times = self._by_key.get(key)
        if times is None:
            return self._most, timedelta()
        return max(self._most - len(times), 0), times[0] + self._within - now

    def __len__(self) -> int:
        """How many keys have events in the window, as of the last call of `wait`."""
        return len(self._by_key)

    def _forget(self, before: datetime) -> None:
        """Forget the events up to the moment ``before``."""
        while self._in_order and self._in_order[0][0] <= before:
            _, key = self._in_order.popleft()
            times = self._by_key[key]
            times.popleft()
            if not times:
                del self._by_key[key]
