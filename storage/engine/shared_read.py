"""One read for all who ask at the same time."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeVar

from sqlalchemy.orm import Session

from storage.engine.database import Database
from storage.engine.gathered import Gathered

K = TypeVar("K")
V = TypeVar("V")


class SharedRead(Gathered[K, V]):
    """Reads for one who asks, and meanwhile gathers those who ask next for one read.

    Who asks hears of all that was committed before.

    Args:
        database: what is read.
        read: finds what there is for each of some keys, all different. What it finds may share
            rows with what others asked for: nobody changes it.
    """

    def __init__(
        self, database: Database, read: Callable[[Sequence[K], Session], Mapping[K, V]]
    ) -> None:
        super().__init__(lambda keys: database.run_read(partial(read, keys)))
