"""Simulated time: it stands still until it is moved, and a new process goes on from there."""

from datetime import datetime
from pathlib import Path

from storage.files.atomic import replacing


class SimulatedClock:
    """A clock kept in a file.

    Args:
        path: where it is kept; time goes on from what is there.
        start: the time where nothing is kept yet.
    """

    def __init__(self, path: Path, start: datetime) -> None:
        self._path = path
        self._now = datetime.fromisoformat(path.read_text()) if path.exists() else start

    def __call__(self) -> datetime:
        """The simulated moment, aware."""
        return self._now

    def move_to(self, moment: datetime) -> None:
        """Move to a later moment, and keep it."""
        # Not forced to the disk, many times a second: after a power cut it is begun anew.
        with replacing(self._path, forced=False) as file:
            file.write_text(moment.isoformat())
        self._now = moment
