"""Which shards of how many this process serves: ``0-3/8``, or any four of them: ``4 of 8``."""

import re
from dataclasses import dataclass

_SHARDS = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?/(\d{1,5})")
_SOME = re.compile(r"(\d{1,5}) +of +(\d{1,5})")


@dataclass(frozen=True, slots=True)
class Shards:
    """Shards ``first`` to ``last`` of ``count``."""

    first: int
    last: int
    count: int

    @property
    def ids(self) -> list[int]:
        return [*range(self.first, self.last + 1)]


def shard_choices(text: str) -> tuple[Shards, ...]:
    """The ranges of which a process serves one: of ``4 of 8``, 0-3/8 and 4-7/8.

    A range that is named itself is the only choice.

    Raises:
        ValueError: it is nothing of that kind.
    """
    match = _SOME.fullmatch(text.strip())
    if match is None:
        return (parse_shards(text),)
    each, count = int(match[1]), int(match[2])
    if not 1 <= each <= count:
        raise ValueError("must want at least one of the shards, and not more than there are")
    return tuple(
        Shards(first, min(first + each, count) - 1, count) for first in range(0, count, each)
    )


def parse_shards(text: str) -> Shards:
    """Read ``FIRST-LAST/COUNT`` or ``ONE/COUNT``; shards count from 0.

    Raises:
        ValueError: it is nothing of that kind.
    """
    match = _SHARDS.fullmatch(text.strip())
    if match is None:
        raise ValueError(
            "must look like 0-3/8: the first shard, the last one, and how many in all; or like"
            " 4 of 8"
        )
    first, count = int(match[1]), int(match[3])
    last = int(match[2]) if match[2] else first
    if not first <= last < count:
        raise ValueError("must name shards from 0 up to one below how many there are in all")
    return Shards(first, last, count)
