"""When Reddit may be asked again: after the wait that it names, or longer after each failure."""

import math
import random
import re
from collections.abc import Callable
from datetime import datetime, timedelta

from bot.reddit.errors import RedditBusy
from bot.runtime.clock import Clock

#: Waits after failures double from the first to the longest.
FIRST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(minutes=10)

#: The wait for a RATELIMIT without a time in it; Reddit's longest common one.
DEFAULT_WAIT = timedelta(minutes=10)

#: The longest wait that is accepted, whatever an answer says.
LONGEST_ASKED = timedelta(hours=2)

_SAID = re.compile(r"(\d{1,4})\s*(millisecond|second|sec|minut|min|hour)", re.IGNORECASE)
_UNITS = {
    "millisecond": timedelta(milliseconds=1),
    "second": timedelta(seconds=1),
    "sec": timedelta(seconds=1),
    "minut": timedelta(minutes=1),
    "min": timedelta(minutes=1),
    "hour": timedelta(hours=1),
}


def number(value: object) -> float | None:
    """A number as Reddit gives it, in a header or in JSON; None where it is none, or negative."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) and found >= 0 else None


def seconds(value: object) -> timedelta | None:
    """A number of seconds as Reddit gives it; None where it is none."""
    found = number(value)
    return None if found is None else timedelta(seconds=min(found, LONGEST_ASKED.total_seconds()))


def asked_wait(message: str, given: object = None) -> timedelta:
    """How long a RATELIMIT answer asks to wait.

    Args:
        message: its sentence, "Take a break for 9 minutes before trying again."
        given: seconds, where the answer has them as a number.
    """
    said = _SAID.search(message)
    wait = seconds(given)
    if wait is None and said is not None:
        wait = int(said[1]) * _UNITS[said[2].lower()]
    # The sentence rounds down: a second more, so that the next try is not too early again.
    return min((DEFAULT_WAIT if wait is None else wait) + timedelta(seconds=1), LONGEST_ASKED)


class Pace:
    """Remembers how long Reddit asked to wait; checked before every request.

    Args:
        jitter: a number from 0 to 1, anew for every call; it spreads the tries of many bots.
    """

    def __init__(self, clock: Clock, jitter: Callable[[], float] = random.random) -> None:
        self._clock = clock
        self._jitter = jitter
        self._until: datetime | None = None
        self._why = ""
        self._failures = 0
        #: When Reddit's last wish was noted.
        self._noted_at = clock()
        #: Requests left in this window, and when the next begins; None until Reddit sent it.
        self.remaining: float | None = None
        self.resets_at: datetime | None = None

    def check(self) -> None:
        """Do nothing if a request may be made now.

        Raises:
            RedditBusy: not yet; it says when.
        """
        now = self._clock()
        if now < self._noted_at:
            # Our clock was put back: what was noted by it means nothing any more.
            self._until = self.remaining = self.resets_at = None
        if self._until is not None and now < self._until:
            raise RedditBusy(self._why, self._until - now)
        if self.remaining is not None and self.remaining < 1:
            if self.resets_at is not None and now < self.resets_at:
                raise RedditBusy("the rate limit is used up", self.resets_at - now)
            self.remaining = None

    @property
    def resets_in(self) -> timedelta | None:
        """How long the present window lasts; None until Reddit sent it."""
        if self.resets_at is None:
            return None
        return max(self.resets_at - self._clock(), timedelta())

    def answered(self, remaining: float | None, reset: timedelta | None) -> None:
        """Note an answer, with the rate limit from its headers."""
        self._failures = 0
        self._until = None
        if remaining is not None and reset is not None:
            self._noted_at = self._clock()
            self.remaining = remaining
            self.resets_at = self._clock() + reset

    def asked_to_wait(self, wait: timedelta, why: str) -> RedditBusy:
        """Note that Reddit asked to be left alone; returns what to raise."""
        self._noted_at = self._clock()
        self._until, self._why = self._noted_at + wait, why
        return RedditBusy(why, wait)

    def failed(self, why: str) -> RedditBusy:
        """Note that there was no answer, or none that makes sense; returns what to raise.

        The waits double, and half of each is chance.
        """
        full = min(FIRST_WAIT * 2 ** min(self._failures, 16), LONGEST_WAIT)
        self._failures += 1
        return self.asked_to_wait(full * (0.5 + 0.5 * self._jitter()), why)
