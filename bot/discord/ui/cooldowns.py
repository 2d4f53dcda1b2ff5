"""A limit on how many commands one person may give, and how many one channel takes."""

import math
from datetime import timedelta

from bot.discord.ui.error_replies import Refused
from bot.runtime.clock import Clock
from bot.runtime.sliding_window import SlidingWindow


class Cooldowns:
    """At most so many commands in a sliding window, for each person and for each channel.

    Kept in memory: a restart forgives everybody.

    Args:
        clock: the time.
        per_person: commands of one person within the window.
        per_channel: commands of everybody in one channel within the window.
        within: the window's length.
    """

    def __init__(
        self, clock: Clock, *, per_person: int, per_channel: int, within: timedelta
    ) -> None:
        self._persons: SlidingWindow[int] = SlidingWindow(clock, most=per_person, within=within)
        self._channels: SlidingWindow[int] = SlidingWindow(clock, most=per_channel, within=within)

    def take(self, person: int, channel: int) -> None:
        """Count one more.

        Raises:
            Refused: it was one too many, and says when the next one is taken; it is not counted.
        """
        _check(self._persons.wait(person), "error.cooldown")
        _check(self._channels.wait(channel), "error.cooldown_channel")
        self._persons.add(person)
        self._channels.add(channel)


def _check(wait: timedelta, key: str) -> None:
    if wait:
        raise Refused(key, seconds=max(math.ceil(wait.total_seconds()), 1))
