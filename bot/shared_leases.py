"""Things of one kind that processes share among them, each with a lease of its own.

Every process that takes part has a seat, which is a lease as well, and so all see how many they
are. Who has more than its share lets go of the rest once nothing goes on with it; who has less
takes what nobody has. What nobody takes for a while, because the others do not know of it or are
held up, is taken beyond one's share: nothing stays without an owner.
"""

import math
from collections.abc import Collection
from itertools import count
from typing import Final, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.leases import PLATFORM_TERM, Holder, Lease, database_time
from bot.runtime.system_clock import steady
from storage.engine.database import Database
from storage.tables import Lease as Row

#: What others leave alone for so long is taken beyond one's share, seconds.
LEFT_ALONE: Final = 5.0
#: For so long it is not offered to them again.
_OFFERED_AGAIN: Final = 600.0

_SEAT = "process"


class Division(NamedTuple):
    """Which things are this process's now.

    Attributes:
        rest: whether what is not named is ours.
        named: names, in small letters: of what is another's, or where the rest is another's, of
            what is ours.
    """

    rest: bool
    named: frozenset[str]

    def has(self, name: str) -> bool:
        """Whether a thing is ours."""
        return (name.lower() in self.named) != self.rest


class _Seen(NamedTuple):
    """The leases of one kind as they were a moment ago: names that others have; of them seats."""

    theirs: frozenset[str]
    seats: int


class SharedLeases:
    """The share of this process in things of one kind.

    Args:
        database: the one that all processes share.
        kind: begins the names of the leases: "reddit r/".
        term: how long a lease lasts without being renewed, seconds.
    """

    def __init__(self, database: Database, kind: str, *, term: float = PLATFORM_TERM) -> None:
        self._database = database
        self._kind = kind
        self._holder = Holder(database, term)
        self._seat: Lease | None = None
        self._leases: dict[str, Lease] = {}
        #: What is let go of as soon as nothing goes on with it.
        self._leaving: set[str] = set()
        #: Since when nobody has what is wanted, and when something was taken beyond our share.
        self._free_since: dict[str, float] = {}
        self._beyond: dict[str, float] = {}
        self._wanted: tuple[str, ...] = ()
        self._seen: _Seen | None = None

    @property
    def held(self) -> frozenset[str]:
        """Names of what is ours now, in small letters; nobody else can have it."""
        mine = (name for name, lease in self._leases.items() if lease.held)
        return frozenset(mine) - self._leaving

    def lease(self, name: str) -> Lease | None:
        """The lease of a thing that is ours, or was."""
        return self._leases.get(name.lower())

    def division(self, *, rest: bool) -> Division | None:
        """What is ours; None before `share` was called.

        Args:
            rest: whether what nobody shares out is this process's.
        """
        if self._seen is None:
            return None
        mine = self.held
        if not rest:
            return Division(rest=False, named=mine)
        return Division(rest=True, named=(self._seen.theirs | {*self._wanted}) - mine)

    async def share(self, wanted: Collection[str]) -> None:
        """Take what is our share of some things, and let go of what is more; again and again.

        Args:
            wanted: names of all that there are, at most 50 characters each.
        """
        self._wanted = tuple(sorted({name.lower() for name in wanted}))
        await self._sit()
        self._seen = seen = await self._database.run_read(self._look)
        most = math.ceil(len(self._wanted) / (1 + seen.seats))
        await self._let_go(most, alone=not seen.seats)
        await self._take(most, seen)

    async def release(self) -> None:
        """Let others have everything at once."""
        leases = [*self._leases.values(), *([self._seat] if self._seat else ())]
        self._leases, self._seat, self._seen = {}, None, None
        self._leaving.clear()
        self._free_since.clear()
        self._beyond.clear()
        for lease in leases:
            await lease.release()

    async def _sit(self) -> None:
        """Take the first free seat, so that the others know of us."""
        if self._seat is not None and await self._seat.hold():
            return
        for number in count(1):
            name = f"{self._kind}{_SEAT} {number}"
            self._seat = Lease(self._database, name, holder=self._holder)
            if await self._seat.hold():
                return

    def _look(self, session: Session) -> _Seen:
        query = select(Row.name, Row.owner, Row.expires, database_time(session))
        theirs = [
            row.name.removeprefix(self._kind)
            for row in session.execute(query.where(Row.name.startswith(self._kind)))
            # All are looked at, so that how long each is unchanged counts from now on.
            if row.owner != self._holder.name and not self._holder.is_free(*row)
        ]
        seats = sum(name.startswith(f"{_SEAT} ") for name in theirs)
        return _Seen(frozenset(theirs), seats)

    async def _let_go(self, most: int, *, alone: bool) -> None:
        """Let go of what is not wanted any more, and of what is more than our share."""
        at = steady()
        mine = [name for name, lease in self._leases.items() if lease.held]
        self._beyond = {
            name: since for name, since in self._beyond.items() if at - since < _OFFERED_AGAIN
        }
        unwanted = [name for name in mine if name not in self._wanted]
        offered = [name for name in mine if name in self._wanted and name not in self._beyond]
        more = 0 if alone else max(len(offered) - most, 0)
        # The newest first: what was ours for long is known best here.
        self._leaving = {*unwanted, *(offered[-more:] if more else ())}
        for name in sorted(self._leaving):
            if not self._leases[name].uses:
                await self._leases.pop(name).release(for_good=name in unwanted)
                self._leaving.discard(name)

    async def _take(self, most: int, seen: _Seen) -> None:
        at = steady()
        free = [
            name
            for name in self._wanted
            if name not in seen.theirs and name not in self._leaving and name not in self.held
        ]
        self._free_since = {name: self._free_since.get(name, at) for name in free}
        for name in free:
            is_beyond = len(self.held) >= most
            if is_beyond and at - self._free_since[name] < LEFT_ALONE:
                continue
            lease = self._leases.get(name) or self._new(name)
            if await lease.hold():
                self._leases[name] = lease
                del self._free_since[name]
                if is_beyond:
                    self._beyond[name] = at

    def _new(self, name: str) -> Lease:
        return Lease(self._database, f"{self._kind}{name}", holder=self._holder)
