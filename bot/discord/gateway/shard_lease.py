"""One bot at a time on one database, or on one shard of it: two would answer everything twice."""

import math
from functools import partial

from bot.leases import PLATFORM_TERM, Lease
from bot.runtime.shards import Shards, parse_shards
from storage.engine.database import Database

_NAME = "discord"
#: A bot without shards is the only shard of one.
_ALL = Shards(0, 0, 1)


def shard_lease(database: Database, shards: Shards | None) -> Lease:
    """The right to be the bot of one database.

    Args:
        database: the one.
        shards: those that this process serves; None: all.
    """
    name = _NAME
    if shards is not None:
        name = f"{_NAME} {shards.first}-{shards.last}/{shards.count}"
    excludes = partial(_shares_a_server, shards or _ALL)
    return Lease(database, name, term=PLATFORM_TERM, excludes=excludes)


def _shares_a_server(ours: Shards, name: str) -> bool:
    """Whether a server may belong to some of our shards and to some of those that a lease names."""
    platform, _, named = name.partition(" ")
    if platform != _NAME:
        return False
    theirs = parse_shards(named) if named else _ALL
    # A server's shard is a number of its own modulo the count of shards.
    common = math.gcd(ours.count, theirs.count)
    return not {each % common for each in ours.ids}.isdisjoint(each % common for each in theirs.ids)
