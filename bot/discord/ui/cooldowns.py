"""Limits on how many commands one person may give, and how many one channel takes."""

import math
from collections import deque
from datetime import datetime, timedelta

import discord

from bot.discord.ui.error_replies import Refused
from bot.runtime.clock import Clock
from bot.runtime.sliding_window import SlidingWindow

_DAY = timedelta(days=1)


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
        self._clock = clock
        #: When somebody asked about pictures in a community that limits it.
        self._asked: dict[tuple[int, str], deque[datetime]] = {}

    def take(self, person: int, channel: int) -> None:
        """Count one more.

        Raises:
            Refused: it was one too many, and says when the next one is taken; it is not counted.
        """
        _check(self._persons.wait(person), "error.cooldown")
        _check(self._channels.wait(channel), "error.cooldown_channel")
        self._persons.add(person)
        self._channels.add(channel)

    def take_question(self, community_id: int, person: str, most: int | None) -> None:
        """Count one more question about pictures of a person in a community.

        Args:
            most: of one person within 24 hours; None: there is no limit.

        Raises:
            Refused: it was one too many, and says when the next one is taken; it is not counted.
        """
        if not most:
            return
        now = self._clock()
        self._asked = {key: times for key, times in self._asked.items() if times[-1] > now - _DAY}
        times = self._asked.get((community_id, person), deque())
        while times and times[0] <= now - _DAY:
            times.popleft()
        if len(times) >= most:
            free_at = times[len(times) - most] + _DAY
            when = discord.utils.format_dt(free_at, "R")
            raise Refused("predict.limit", most=most, when=when)
        times.append(now)
        self._asked[community_id, person] = times


def _check(wait: timedelta, key: str) -> None:
    if wait:
        raise Refused(key, seconds=max(math.ceil(wait.total_seconds()), 1))
