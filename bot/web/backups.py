"""What the board's admin is shown of backups, and may ask for."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Protocol


class Backups(Protocol):
    """Backups that Peoria makes by itself."""

    def found(self) -> Mapping[Path, datetime]:
        """Those that are there, each with its time."""

    async def back_up_now(self) -> bool:
        """Make one more; return whether one was made."""
