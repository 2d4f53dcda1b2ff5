"""Deleting what restores have replaced, when nobody will want it back any more."""

import logging
import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.runtime.clock import Clock

log = logging.getLogger(__name__)

_NAME = re.compile(r"before-restore-(\d{8}T\d{6})Z(?:-\d+)?")
_TIME = "%Y%m%dT%H%M%S"


def replaced_folder(now: datetime, is_taken: Callable[[str], bool]) -> str:
    """A name for the folder that keeps what a restore replaces."""
    first = name = f"before-restore-{now.astimezone(UTC):{_TIME}}Z"
    number = 1
    while is_taken(name):
        number += 1
        name = f"{first}-{number}"
    return name


class ReplacedData:
    """Drops the folders with what restores have replaced.

    Args:
        data_dir: where they are.
        keep_days: days for which they are kept.
        clock: tells the time.
    """

    def __init__(self, data_dir: Path, *, keep_days: float, clock: Clock) -> None:
        self._data_dir = data_dir
        self._keep = timedelta(days=keep_days)
        self._clock = clock

    async def sweep(self) -> int:
        """Drop what is too old; return how many folders that were."""
        dropped = 0
        for folder in self._data_dir.glob("before-restore-*"):
            named = _NAME.fullmatch(folder.name)
            if named is None or not folder.is_dir() or folder.is_symlink():
                continue
            replaced_at = datetime.strptime(named[1], _TIME).replace(tzinfo=UTC)
            if self._clock() - replaced_at > self._keep:
                shutil.rmtree(folder)
                log.info("%s was replaced by a restore long ago, and is deleted.", folder)
                dropped += 1
        return dropped
