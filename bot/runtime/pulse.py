"""Whether jobs that should end again and again still do."""

import time
from collections.abc import Callable

#: How long beyond three of its intervals a job may take, seconds.
_PATIENCE = 300.0


class Pulse:
    """When each job ended last, by a clock that never goes back.

    Args:
        monotonic: that clock, seconds.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._allowed: dict[str, float] = {}
        self._ended: dict[str, float] = {}

    def expect(self, job: str, *, every: float) -> None:
        """From now on a job should end about every so many seconds, well or not."""
        self._allowed[job] = 3 * every + _PATIENCE
        self._ended[job] = self._monotonic()

    def beat(self, job: str) -> None:
        """A job has ended."""
        self._ended[job] = self._monotonic()

    def silent(self) -> dict[str, float]:
        """Jobs that have not ended for too long, and for how long, seconds."""
        now = self._monotonic()
        since = {job: now - self._ended[job] for job in self._allowed}
        return {job: seconds for job, seconds in since.items() if seconds > self._allowed[job]}

    def forget(self) -> None:
        """Nothing is expected any more: the jobs were stopped in order."""
        self._allowed.clear()
