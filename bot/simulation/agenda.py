"""What will happen in the made-up community, in the order in which Peoria can notice it."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Generic, TypeVar

from bot.simulation.community import MadePost
from bot.simulation.guessers import MadeGuess

T = TypeVar("T", MadePost, MadeGuess)


class Agenda(Generic[T]):
    """What will happen, by the moment at which Peoria can first notice it."""

    def __init__(self, things: Sequence[T], tick_of: Callable[[T], datetime]) -> None:
        self._things: list[tuple[datetime, T]] = sorted(
            ((tick_of(thing), thing) for thing in things), key=itemgetter(0)
        )
        self.done = 0

    @property
    def next(self) -> datetime | None:
        """When the next thing happens; None when all have."""
        return self._things[self.done][0] if self.done < len(self._things) else None

    def take(self, moment: datetime) -> Iterator[T]:
        """What happens at a moment. What lies before it has happened, in an earlier process."""
        while self.next is not None and self.next <= moment:
            tick, thing = self._things[self.done]
            if tick == moment:
                yield thing
            self.done += 1
