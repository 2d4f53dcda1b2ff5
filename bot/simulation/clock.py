"""Simulated time: it stands still until it is moved, and a new process finds it where it was."""

from datetime import datetime
from pathlib import Path


class SimulatedClock:
    """A clock kept in a file.

    Args:
        path: where it is kept; what is there is gone on with.
        start: the time when nothing is there.
    """

    def __init__(self, path: Path, start: datetime) -> None:
        self._path = path
        self._now = datetime.fromisoformat(path.read_text()) if path.exists() else start

    def __call__(self) -> datetime:
        """The simulated moment, aware."""
        return self._now

    def move_to(self, moment: datetime) -> None:
        """Let time pass."""
        temporary = self._path.with_suffix(".new")
        temporary.write_text(moment.isoformat())
        temporary.replace(self._path)
        self._now = moment
