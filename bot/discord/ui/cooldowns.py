"""Not too much at once, from one person or in one channel."""

import math
from collections import deque
from datetime import datetime, timedelta

from bot.discord.ui.error_replies import Refused
from bot.runtime.clock import Clock

#: So many keys are kept before those that are over are looked for.
_SWEEP_AT = 10_000


class Cooldowns:
    """At most so many commands in a sliding window, for each person and for each channel.

    Kept in memory: a restart forgives everybody.

    Args:
        per_person: commands of one person within the window.
        per_channel: commands of everybody in one channel within the window.
        within: the window's length.
    """

    def __init__(
        self, clock: Clock, *, per_person: int, per_channel: int, within: timedelta
    ) -> None:
        self._clock = clock
        self._within = within
        self._limits = (("person", per_person), ("channel", per_channel))
        self._times: dict[tuple[str, int], deque[datetime]] = {}

    def take(self, person: int, channel: int) -> None:
        """Count one more.

        Raises:
            Refused: it was one too many, and says when the next one is taken; it is not counted.
        """
        now = self._clock()
        if len(self._times) >= _SWEEP_AT:
            self._sweep(now)
        keys = {"person": person, "channel": channel}
        for kind, most in self._limits:
            times = self._times.get((kind, keys[kind]))
            if times is None:
                continue
            while times and times[0] <= now - self._within:
                times.popleft()
            if len(times) >= most:
                wait = max(math.ceil((times[0] + self._within - now).total_seconds()), 1)
                key = "error.cooldown" if kind == "person" else "error.cooldown_channel"
                raise Refused(key, seconds=wait)
        for kind, _ in self._limits:
            self._times.setdefault((kind, keys[kind]), deque()).append(now)

    def _sweep(self, now: datetime) -> None:
        before = now - self._within
        self._times = {
            key: times for key, times in self._times.items() if times and times[-1] > before
        }
