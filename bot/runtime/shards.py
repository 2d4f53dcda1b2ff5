"""Which shards of how many this process serves: ``0-3/8``."""

import re
from dataclasses import dataclass

_SHARDS = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?/(\d{1,5})")


@dataclass(frozen=True, slots=True)
class Shards:
    """Shards ``first`` to ``last`` of ``count``."""

    first: int
    last: int
    count: int

    @property
    def ids(self) -> list[int]:
        return [*range(self.first, self.last + 1)]


def parse_shards(text: str) -> Shards:
    """Read ``FIRST-LAST/COUNT`` or ``ONE/COUNT``; shards count from 0.

    Raises:
        ValueError: it is nothing of that kind.
    """
    match = _SHARDS.fullmatch(text.strip())
    if match is None:
        raise ValueError("must look like 0-3/8: the first shard, the last one, and how many in all")
    first, count = int(match[1]), int(match[3])
    last = int(match[2]) if match[2] else first
    if not first <= last < count:
        raise ValueError("must name shards from 0 up to one below how many there are in all")
    return Shards(first, last, count)
