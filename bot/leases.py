"""Rights that one process has at a time, kept in the database.

A lease is renewed every few seconds and ends by itself when its owner dies. An owner whose lease
could not be renewed in time stops by itself, before anybody else can have it.

A process that is paused (a laptop that sleeps, a virtual machine that is moved) notices nothing of
that, and would go on where it was. Each new owner therefore gets a fencing number that is larger
than all before, and what is done by right of a lease (`Lease.guarding`) checks the number in every
transaction that it writes in.
"""

import asyncio
import contextlib
import logging
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Final
from weakref import WeakValueDictionary

from sqlalchemy import (
    ColumnElement,
    Delete,
    Double,
    Update,
    bindparam,
    delete,
    literal_column,
    select,
    update,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from bot.runtime.processes import is_gone, this_process
from bot.runtime.system_clock import steady
from storage.engine.core_tables import table_of
from storage.engine.database import Database
from storage.engine.faults import DATABASE_ERRORS, may_pass
from storage.engine.guard import guarded, guards, unguarded
from storage.engine.scopes import BESIDE_ALL, LEASES
from storage.engine.upsert import insert_if_new
from storage.tables import Lease as Row

log = logging.getLogger(__name__)

#: How long a lease lasts, seconds: of a task, and of a platform, where people wait meanwhile.
TERM: Final = 20.0
PLATFORM_TERM: Final = 10.0
#: Parts of the term: a lease is renewed so often, and its owner stops so long before its end.
_RENEWED, _MARGIN = 0.25, 0.15
#: How often an owner looks whether the lease is still its own, seconds.
_LOOK_SECONDS = 0.5

#: Owners of leases in this process, by their own word.
_mine: "WeakValueDictionary[str, Holder]" = WeakValueDictionary()


_LEASES = table_of(Row)
#: Built once: it is asked before every write by right of a lease.
_OWNERS = (
    select(_LEASES.c.name, _LEASES.c.owner, _LEASES.c.fence)
    .where(_LEASES.c.name.in_(bindparam("names", expanding=True)))
    .order_by(_LEASES.c.name)
    .with_for_update(read=True, key_share=True)
)


class LeaseLost(Exception):
    """The right to what was being done has passed to another process: nothing is written."""


@dataclass(frozen=True, slots=True)
class _Fence:
    """A guard: leases, and the number that each had when work by right of them began."""

    rights: tuple[tuple["Lease", int], ...]

    def __call__(self, session: Session) -> None:
        # Held until the end of the transaction: nobody takes a lease between this and that. Its
        # owner may renew it meanwhile, however long the transaction takes.
        names = [lease.name for lease, _ in self.rights]
        rows = session.execute(_OWNERS, {"names": names})
        found = {row.name: (row.owner, row.fence) for row in rows}
        for lease, number in self.rights:
            if found.get(lease.name) != (lease.owner, number):
                raise LeaseLost(f"another process does the work of {lease.name} now")

    def is_met(self) -> bool:
        """Whether all of them are ours still, as far as this process knows."""
        return all(lease.held and lease.fence == number for lease, number in self.rights)


@contextmanager
def guarding(leases: Iterable["Lease"]) -> Iterator[None]:
    """Have every write in the block, and of tasks that it starts, checked against leases.

    Writes raise `LeaseLost` when somebody else became the owner of one since the block was entered,
    whatever this process knows of that. Those that are not ours to begin with are not checked.
    """
    rights = tuple((lease, lease.fence) for lease in dict.fromkeys(leases) if lease.fence)
    if not rights:
        yield
        return
    for lease, _ in rights:
        lease.uses += 1
    try:
        with guarded(_Fence(rights)):
            yield
    finally:
        for lease, _ in rights:
            lease.uses -= 1


def rights_are_held() -> bool:
    """Whether every lease by right of which this task works is ours still.

    True where it works by right of none.
    """
    return all(guard.is_met() for guard in guards() if isinstance(guard, _Fence))


class Holder:
    """An owner of leases: what it has is renewed together, in one statement.

    Args:
        database: the one that all of them share.
        term: how long a lease lasts without being renewed, seconds; the same for all who want it.
    """

    def __init__(self, database: Database, term: float = TERM) -> None:
        self.database = database
        self.term = term
        self._renewed_every = term * _RENEWED
        self._word = uuid.uuid4().hex[:12]
        #: The name in the table: where it runs, and a word of its own.
        self.name = f"{this_process()} {self._word}"
        self._leases: dict[str, Lease] = {}
        #: How leases of others looked when they were seen first, and when that was, by name.
        self._seen: dict[str, tuple[tuple[str, float], float]] = {}
        self._renewing: asyncio.Task[None] | None = None

    def is_alive(self) -> None:
        """Note that this process has it: nobody takes its leases for those of a dead one."""
        _mine[self._word] = self

    def keep(self, lease: "Lease") -> None:
        """Renew a lease from now on."""
        self._leases[lease.name] = lease
        if self._renewing is None or self._renewing.done():
            self._renewing = asyncio.create_task(self._renew(), name=f"lease of {lease.name}")

    async def drop(self, lease: "Lease") -> None:
        """Renew a lease no longer; where it was the last one, this owner is as good as dead."""
        self._leases.pop(lease.name, None)
        if self._leases:
            return
        _mine.pop(self._word, None)
        if self._renewing is not None:
            self._renewing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._renewing
            self._renewing = None

    def extend(self, session: Session) -> dict[str, int]:
        """Renew all in one statement, for machines with little to spare.

        It waits for no other writer: one that runs alone for a while must not end anybody's leases.

        Returns the numbers of those that are ours still: who took one is its owner now, and who
        took one that excludes it has ended it.
        """
        until = database_time(session) + self.term
        # Not what could not be given back because the database was away: that ends by itself.
        mine = (Row.owner == self.name, Row.name.in_([*self._leases]), Row.expires != 0)
        ours = update(Row).where(*mine).values(expires=until)
        return {row.name: row.fence for row in session.execute(ours.returning(Row.name, Row.fence))}

    def is_free(self, name: str, owner: str, expires: float, now: float) -> bool:
        """Whether a lease is nobody else's, by its row and by how long that is unchanged."""
        if owner == self.name or expires == 0 or is_dead(owner):
            return True
        at = steady()
        looks = (owner, expires)
        if name not in self._seen or self._seen[name][0] != looks:
            self._seen[name] = (looks, at)
        unchanged = at - self._seen[name][1]
        # The database's clock may be moved: nobody loses a lease that is being renewed.
        return unchanged > self.term + self._renewed_every or (
            expires < now and unchanged > 2 * self._renewed_every
        )

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(self._renewed_every)
            began = steady()
            leases = [*self._leases.values()]
            try:
                numbers = await self.database.run_write(self.extend, alone_in=BESIDE_ALL)
            except DATABASE_ERRORS as error:
                # A server that is being restarted refuses connections, which is an OSError.
                for lease in leases:
                    _warn("The lease of %s could not be renewed (%s).", lease.name, error)
                continue
            for lease in leases:
                if self._leases.get(lease.name) is not lease:
                    # It was given back meanwhile.
                    continue
                if numbers.get(lease.name) == lease.fence:
                    lease.renewed(began)
                    continue
                del self._leases[lease.name]
                lease.taken_away()
                log.warning("Another process does the work of %s now.", lease.name)


class Lease:
    """The right to do something that only one process may do.

    Args:
        database: the one that all of them share.
        name: what it is for, at most 64 characters.
        term: how long it lasts without being renewed, seconds; the same for all who want it.
        excludes: whether a lease of another name must not be anybody else's meanwhile; None: none.
        holder: renews it together with others, whose term is its own; None: it is alone.
    """

    def __init__(
        self,
        database: Database,
        name: str,
        *,
        term: float = TERM,
        excludes: Callable[[str], bool] | None = None,
        holder: Holder | None = None,
    ) -> None:
        self._database = database
        self._name = name
        self._holder = holder or Holder(database, term)
        self._term = self._holder.term
        self._excludes = excludes
        #: Until when it is ours, by the monotonic clock.
        self._until = 0.0
        self._tried = False
        #: The number with which it became ours; 0: it never was, or was given back.
        self._fence = 0
        #: Blocks of work that go on by right of it.
        self.uses = 0

    @property
    def name(self) -> str:
        """What it is for."""
        return self._name

    @property
    def owner(self) -> str:
        """What its row names while it is ours."""
        return self._holder.name

    @property
    def fence(self) -> int:
        """Its number since it became ours: larger than that of every owner before."""
        return self._fence

    def guarding(self) -> AbstractContextManager[None]:
        """A block whose writes are checked against it; see `guarding`."""
        return guarding([self])

    @property
    def is_elsewhere(self) -> bool:
        """Whether we tried to take it, and it is not ours now."""
        return self._tried and not self.held

    @property
    def held(self) -> bool:
        """Whether it is ours now; nobody else can have it then."""
        return steady() < self._until

    async def lost(self) -> None:
        """Return when it is not ours any more, which is before anybody else can have it."""
        while self.held:  # noqa: ASYNC110 - it is time that ends it
            await asyncio.sleep(_LOOK_SECONDS)

    async def hold(self) -> bool:
        """Take it if nobody has it, and keep it from then on; return whether it is ours."""
        if self.held:
            return True
        self._tried = True
        began = steady()
        # Most often somebody else has it: reading is enough to see that, and holds up nobody.
        if not await self._database.run_read(self._may_take):
            return False
        with unguarded():
            if not await self._database.run_write(self.take_in, alone_in=[LEASES]):
                return False
            self.renewed(began)
            self._holder.keep(self)
        return True

    def renewed(self, began: float) -> None:
        """It is ours for a term from a moment on, by the monotonic clock."""
        self._until = began + self._term * (1 - _MARGIN)

    def taken_away(self) -> None:
        """It is another's."""
        self._until = 0.0

    def take_in(self, session: Session) -> bool:
        """Take or renew it in a write session; return whether it is ours for a term."""
        before = self._lock(session)
        if not self._may_take(session):
            return False
        if self._excludes is not None:
            rows = session.scalars(select(Row.name).where(Row.name != self._name, Row.expires != 0))
            ended = [name for name in rows if self._excludes(name)]
            # What is being written by right of them ends first.
            held = select(Row.name).where(Row.name.in_(ended)).order_by(Row.name)
            session.execute(held.with_for_update()).all()
            # Kept, so that their numbers go on growing; a larger one ends what their owners do.
            session.execute(
                update(Row).where(Row.name.in_(ended)).values(expires=0.0, fence=Row.fence + 1)
            )
        fence, values = 1, {"owner": self.owner, "expires": _now(session) + self._term}
        self._holder.is_alive()
        if before is None:
            if not insert_if_new(session, Row, name=self._name, fence=fence, **values):
                # Another process was first at this very moment.
                return False
        else:
            owner, fence = before
            fence += owner != self.owner
            session.execute(update(Row).filter_by(name=self._name).values(fence=fence, **values))
        self._fence = fence
        return True

    def _lock(self, session: Session) -> tuple[str, int] | None:
        """Keep others from taking it at the same moment; its owner and number so far.

        There may be no row yet that two of different names could meet at: hence `LEASES`.
        """
        query = select(Row.owner, Row.fence).filter_by(name=self._name).with_for_update()
        row = session.execute(query).one_or_none()
        return None if row is None else (row.owner, row.fence)

    async def release(self, *, for_good: bool = False) -> None:
        """Let others have it at once.

        Args:
            for_good: nobody will ever want it again.
        """
        self._until, self._tried, self._fence = 0.0, False, 0
        await self._holder.drop(self)
        ours = (Row.name == self._name, Row.owner == self.owner)
        end: Delete | Update = update(Row).where(*ours).values(expires=0.0, fence=Row.fence + 1)
        if for_good:
            end = delete(Row).where(*ours)
        try:
            with unguarded():
                await self._database.run_write(
                    lambda session: session.execute(end), alone_in=[LEASES]
                )
        except DATABASE_ERRORS as error:
            _warn("The lease of %s ends by itself (%s).", self._name, error)

    def _may_take(self, session: Session) -> bool:
        """Whether it, and those that it excludes, are nobody else's."""
        query = select(Row.name, Row.owner, Row.expires, database_time(session))
        if self._excludes is None:
            query = query.filter_by(name=self._name)
        # All are looked at, so that how long each is unchanged counts from now on.
        free = [
            self._holder.is_free(*row)
            for row in session.execute(query)
            if row.name == self._name or (self._excludes is not None and self._excludes(row.name))
        ]
        return all(free)


def _warn(what: str, name: str, error: Exception) -> None:
    """Say what did not go well; a fault of ours with its traceback."""
    why = error.orig if isinstance(error, DBAPIError) else error
    log.warning(what, name, why, exc_info=None if may_pass(error) else error)


def end_lease(session: Session, name: str) -> None:
    """End a lease whose owner counts as dead: should it go on, it writes nothing more."""
    session.execute(delete(Row).filter_by(name=name))


def has_living_owner(session: Session, name: str) -> bool | None:
    """Whether the owner of a lease is alive; None: there is no such lease."""
    found = session.execute(
        select(Row.owner, Row.expires, database_time(session)).filter_by(name=name)
    ).first()
    if found is None:
        return None
    owner, expires, now = found
    dead = is_dead(owner)
    return expires >= now if dead is None else not dead


def is_dead(owner: str) -> bool | None:
    """Whether an owner is known to be dead; None: it runs elsewhere, so nobody can tell."""
    process, _, word = owner.rpartition(" ")
    if process == this_process():
        return word not in _mine
    return is_gone(process)


def database_time(session: Session) -> ColumnElement[float]:
    """The database's time, seconds since 1970."""
    if session.get_bind().dialect.name == "postgresql":
        return literal_column(
            "CAST(extract(epoch FROM clock_timestamp()) AS double precision)", Double
        )
    return literal_column("((julianday('now') - 2440587.5) * 86400.0)", Double)


def _now(session: Session) -> float:
    return session.execute(select(database_time(session))).scalar_one()
