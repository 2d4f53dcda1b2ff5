"""A limit on how often one visitor may do something on the board."""

import math
from datetime import timedelta

from bot.runtime.clock import Clock
from bot.runtime.sliding_window import SlidingWindow
from bot.texts.translate import gettext as _
from bot.web.refusals import Refusal


class RateLimit:
    """At most ``most`` times in any ``within``, for each key. Kept in memory only.

    Args:
        clock: the time.
        most: how often, at least 1.
        within: the length of the sliding window.
        what: what is limited, in the plural, for the sentence.
    """

    def __init__(self, clock: Clock, most: int, within: timedelta, *, what: str) -> None:
        self._window: SlidingWindow[str] = SlidingWindow(clock, most=most, within=within)
        self._limit = (most, what, round(within.total_seconds()))

    def take(self, key: str) -> None:
        """Count one more for ``key``.

        Raises:
            Refusal: (429) it was one too many; it is not counted.
        """
        wait = self._window.wait(key)
        if wait:
            seconds = max(math.ceil(wait.total_seconds()), 1)
            most, what, within = self._limit
            sentence = _("At most {most} {what} in {within} seconds; try again in {seconds} s.")
            raise Refusal(
                429,
                sentence.format(most=most, what=_(what), within=within, seconds=seconds),
                retry_after=seconds,
            )
        self._window.add(key)
