"""Submissions that a filter or a moderator holds back: looked for again until they are too old."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.reddit.client import PAGE

#: Waits between two looks double from the first to the longest.
FIRST_WAIT = timedelta(minutes=5)
LONGEST_WAIT = timedelta(minutes=40)

#: Most that are remembered; the oldest are forgotten first.
MEMORY = 1_000


@dataclass(slots=True)
class _Held:
    community_id: int
    next_look: datetime
    until: datetime
    looks: int = 0


class HeldBack:
    """Which submissions to ask Reddit about again. After a restart the listings show them again."""

    def __init__(self) -> None:
        self._held: dict[str, _Held] = {}

    def note(self, community_id: int, name: str, now: datetime, *, until: datetime) -> bool:
        """Note that a submission is held back; return whether that is new.

        Args:
            community_id: where it was submitted.
            name: its full name, ``t3_…``.
            now: aware.
            until: when it will be too old to be predicted, or later.
        """
        if name in self._held:
            return False
        self._held[name] = _Held(community_id, now + FIRST_WAIT, until)
        while len(self._held) > MEMORY:
            del self._held[next(iter(self._held))]
        return True

    def forget(self, name: str) -> None:
        """It was approved, or does not matter any more."""
        self._held.pop(name, None)

    def due(self, community_id: int, now: datetime) -> list[str]:
        """Which submissions of a community to ask about now, no more than a request holds."""
        for name in [name for name, held in self._held.items() if held.until < now]:
            del self._held[name]
        due = [
            name
            for name, held in self._held.items()
            if held.community_id == community_id and held.next_look <= now
        ][:PAGE]
        for name in due:
            held = self._held[name]
            held.looks += 1
            held.next_look = now + min(FIRST_WAIT * (1 << min(held.looks, 16)), LONGEST_WAIT)
        return due
