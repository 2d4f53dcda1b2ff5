"""The clock of this machine, held against the clocks of the platforms.

Ages of posts are counted from moments that a platform told. Where this machine's clock is wrong,
or is set while Peoria runs, the time that is used stays the platform's.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime

#: A clock may differ from a platform's by this much; what is less may be the way of a message.
TOLERANCE = 60.0
#: Two answers of a platform agree within this, seconds.
_AGREE = 10.0
#: The wall clock was set when it moved by this much more than time did, seconds.
_JUMP = 2.0


def steady() -> float:
    """Seconds that never go back, and go on while the machine sleeps where that can be known."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)


class SystemClock:
    """The present moment, aware, in UTC.

    Until a platform tells its time this is the machine's clock. After that, a machine's clock that
    is set by hand changes nothing until the platform confirms it, and one that is wrong by more
    than a minute is corrected by what the platform said.

    Args:
        wall: the machine's clock, seconds since 1970.
        steady: seconds of a clock that never goes back.
    """

    def __init__(
        self, wall: Callable[[], float] = time.time, steady: Callable[[], float] = steady
    ) -> None:
        self._wall = wall
        self._steady = steady
        self._between = wall() - steady()
        self._correction = 0.0
        self._last_ahead: float | None = None

    def __call__(self) -> datetime:
        wall = self._wall()
        self._bridge(wall)
        return datetime.fromtimestamp(wall + self._correction, UTC)

    def hear(self, told: datetime) -> float | None:
        """A platform has told its time.

        Args:
            told: aware, just now.

        Returns:
            How far the platform is ahead of this machine, seconds; None where that is not sure
            yet: two answers in a row must agree.
        """
        wall = self._wall()
        self._bridge(wall)
        ahead = told.timestamp() - wall
        last, self._last_ahead = self._last_ahead, ahead
        if last is None or abs(ahead - last) > _AGREE:
            return None
        if abs(ahead) <= TOLERANCE:
            self._correction = 0.0
        elif abs(ahead - self._correction) > _JUMP:
            self._correction = ahead
        return ahead

    def _bridge(self, wall: float) -> None:
        """Take a step of the machine's clock back, until a platform has told its time again."""
        between = wall - self._steady()
        jump = between - self._between
        if abs(jump) < _JUMP:
            return
        self._between = between
        if self._last_ahead is not None:
            self._correction -= jump
            # What was heard before is of another clock; what is heard next must agree with this.
            self._last_ahead -= jump
