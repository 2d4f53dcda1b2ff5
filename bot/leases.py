"""Rights that one process has at a time, kept in the database.

A lease is renewed every few seconds and ends by itself when its owner dies. An owner whose lease
could not be renewed in time stops by itself, before anybody else can have it.
"""

import asyncio
import contextlib
import logging
import uuid
from collections.abc import Callable
from typing import Final
from weakref import WeakValueDictionary

from sqlalchemy import ColumnElement, Double, delete, literal_column, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from bot.runtime.processes import is_gone, this_process
from bot.runtime.system_clock import steady
from storage.engine.database import Database
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

#: Leases that this process holds, by their own word.
_mine: "WeakValueDictionary[str, Lease]" = WeakValueDictionary()


class Lease:
    """The right to do something that only one process may do.

    Args:
        database: the one that all of them share.
        name: what it is for, at most 64 characters.
        term: how long it lasts without being renewed, seconds; the same for all who want it.
        excludes: whether a lease of another name must not be anybody else's meanwhile; None: none.
    """

    def __init__(
        self,
        database: Database,
        name: str,
        *,
        term: float = TERM,
        excludes: Callable[[str], bool] | None = None,
    ) -> None:
        self._database = database
        self._name = name
        self._term = term
        self._renewed_every = term * _RENEWED
        self._excludes = excludes
        self._word = uuid.uuid4().hex[:12]
        self._owner = f"{this_process()} {self._word}"
        #: Until when it is ours, by the monotonic clock.
        self._until = 0.0
        #: How leases of others looked when they were seen first, and when that was, by name.
        self._seen: dict[str, tuple[tuple[str, float], float]] = {}
        self._renewing: asyncio.Task[None] | None = None
        self._tried = False

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
        if not await self._database.run_write(self.take_in):
            return False
        self._until = began + self._term * (1 - _MARGIN)
        if self._renewing is None or self._renewing.done():
            self._renewing = asyncio.create_task(self._renew(), name=f"lease of {self._name}")
        return True

    def take_in(self, session: Session) -> bool:
        """Take or renew it in a write session; return whether it is ours for a term."""
        if not self._may_take(session):
            return False
        if self._excludes is not None:
            rows = session.scalars(select(Row.name).where(Row.name != self._name))
            ended = [name for name in rows if self._excludes(name)]
            session.execute(delete(Row).where(Row.name.in_(ended)))
        expires = _now(session) + self._term
        _mine[self._word] = self
        if not insert_if_new(session, Row, name=self._name, owner=self._owner, expires=expires):
            session.execute(
                update(Row).filter_by(name=self._name).values(owner=self._owner, expires=expires)
            )
        return True

    async def release(self) -> None:
        """Let others have it at once."""
        self._until, self._tried = 0.0, False
        _mine.pop(self._word, None)
        if self._renewing is not None:
            self._renewing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._renewing
            self._renewing = None
        try:
            await self._database.run_write(
                lambda session: session.execute(
                    delete(Row).filter_by(name=self._name, owner=self._owner)
                )
            )
        except DBAPIError as error:
            log.warning("The lease of %s ends by itself (%s).", self._name, error.orig)

    def _may_take(self, session: Session) -> bool:
        """Whether it, and those that it excludes, are nobody else's."""
        query = select(Row.name, Row.owner, Row.expires, _clock(session))
        if self._excludes is None:
            query = query.filter_by(name=self._name)
        # All are looked at, so that how long each is unchanged counts from now on.
        free = [
            self._is_free(*row)
            for row in session.execute(query)
            if row.name == self._name or (self._excludes is not None and self._excludes(row.name))
        ]
        return all(free)

    def _is_free(self, name: str, owner: str, expires: float, now: float) -> bool:
        if owner == self._owner or is_dead(owner):
            return True
        at = steady()
        looks = (owner, expires)
        if name not in self._seen or self._seen[name][0] != looks:
            self._seen[name] = (looks, at)
        unchanged = at - self._seen[name][1]
        # The database's clock may be moved: nobody loses a lease that is being renewed.
        return unchanged > self._term + self._renewed_every or (
            expires < now and unchanged > 2 * self._renewed_every
        )

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(self._renewed_every)
            began = steady()
            try:
                if not await self._database.run_write(self.take_in):
                    self._until = 0.0
                    log.warning("Another process does the work of %s now.", self._name)
                    return
            except DBAPIError as error:
                log.warning("The lease of %s could not be renewed (%s).", self._name, error.orig)
            else:
                self._until = began + self._term * (1 - _MARGIN)


def has_living_owner(session: Session, name: str) -> bool | None:
    """Whether the owner of a lease is alive; None: there is no such lease."""
    found = session.execute(
        select(Row.owner, Row.expires, _clock(session)).filter_by(name=name)
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


def _clock(session: Session) -> ColumnElement[float]:
    """The database's time, seconds since 1970."""
    if session.get_bind().dialect.name == "postgresql":
        return literal_column(
            "CAST(extract(epoch FROM clock_timestamp()) AS double precision)", Double
        )
    return literal_column("((julianday('now') - 2440587.5) * 86400.0)", Double)


def _now(session: Session) -> float:
    return session.execute(select(_clock(session))).scalar_one()
