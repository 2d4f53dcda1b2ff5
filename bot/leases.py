"""Rights that one process has at a time, kept in the database.

A lease is renewed every few seconds and ends by itself when its owner dies. An owner whose lease
could not be renewed in time stops by itself, before anybody else can have it.
"""

import asyncio
import contextlib
import hashlib
import logging
import os
import platform
import time
import uuid
from pathlib import Path
from typing import Final
from weakref import WeakValueDictionary

import psutil
from sqlalchemy import ColumnElement, Double, delete, literal_column, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from bot.runtime.subprocesses import is_running
from storage.engine.database import Database
from storage.engine.upsert import insert_if_new
from storage.tables import Lease as Row

log = logging.getLogger(__name__)

#: How long a lease lasts, and how often it is renewed, seconds.
TERM: Final = 20.0
RENEWED_EVERY: Final = 5.0
#: An owner stops so long before its lease ends, seconds.
MARGIN: Final = 3.0

#: Leases that this process holds, by their own word.
_mine: "WeakValueDictionary[str, Lease]" = WeakValueDictionary()


class Lease:
    """The right to do something that only one process may do.

    Args:
        database: the one that all of them share.
        name: what it is for, at most 64 characters.
    """

    def __init__(self, database: Database, name: str) -> None:
        self._database = database
        self._name = name
        self._word = uuid.uuid4().hex[:12]
        self._owner = f"{_place()} {os.getpid()} {_started():.1f} {self._word}"
        #: Until when it is ours, by the monotonic clock.
        self._until = 0.0
        #: How somebody else's lease looked when it was seen first, and when that was.
        self._seen: tuple[str, float] | None = None
        self._seen_at = 0.0
        self._renewing: asyncio.Task[None] | None = None
        self._tried = False

    @property
    def is_elsewhere(self) -> bool:
        """Whether we tried to take it, and it is not ours now."""
        return self._tried and not self.held

    @property
    def held(self) -> bool:
        """Whether it is ours now; nobody else can have it then."""
        return time.monotonic() < self._until

    async def hold(self) -> bool:
        """Take it if nobody has it, and keep it from then on; return whether it is ours."""
        if self.held:
            return True
        self._tried = True
        began = time.monotonic()
        # Most often somebody else has it: reading is enough to see that, and holds up nobody.
        if not await self._database.run_read(self._may_take):
            return False
        if not await self._database.run_write(self.take_in):
            return False
        self._until = began + TERM - MARGIN
        if self._renewing is None or self._renewing.done():
            self._renewing = asyncio.create_task(self._renew(), name=f"lease of {self._name}")
        return True

    def take_in(self, session: Session) -> bool:
        """Take or renew it in a write session; return whether it is ours for `TERM` seconds."""
        if not self._may_take(session):
            return False
        expires = _now(session) + TERM
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
        found = session.execute(
            select(Row.owner, Row.expires, _clock(session)).filter_by(name=self._name)
        ).first()
        if found is None or found[0] == self._owner or is_dead(found[0]):
            return True
        owner, expires, now = found
        at = time.monotonic()
        if self._seen != (owner, expires):
            self._seen, self._seen_at = (owner, expires), at
        unchanged = at - self._seen_at
        # The database's clock may be moved: nobody loses a lease that is being renewed.
        return unchanged > TERM + RENEWED_EVERY or (expires < now and unchanged > 2 * RENEWED_EVERY)

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(RENEWED_EVERY)
            began = time.monotonic()
            try:
                if not await self._database.run_write(self.take_in):
                    self._until = 0.0
                    log.warning("Another process does the work of %s now.", self._name)
                    return
            except DBAPIError as error:
                log.warning("The lease of %s could not be renewed (%s).", self._name, error.orig)
            else:
                self._until = began + TERM - MARGIN


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
    place, pid, started, word = owner.split(" ")
    if place != _place():
        return None
    if int(pid) == os.getpid() and abs(float(started) - _started()) < 1:
        return word not in _mine
    return not is_running(int(pid), float(started))


def _place() -> str:
    """This machine since it was started, and the container: where process numbers mean the same."""
    parts = [platform.node(), str(uuid.getnode())]
    for file in ("/proc/sys/kernel/random/boot_id", "/proc/self/ns/pid"):
        path = Path(file)
        with contextlib.suppress(OSError):
            parts.append(str(path.readlink()) if path.is_symlink() else path.read_text("ascii"))
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()[:16]


def _started() -> float:
    return psutil.Process().create_time()


def _clock(session: Session) -> ColumnElement[float]:
    """The database's time, seconds since 1970."""
    if session.get_bind().dialect.name == "postgresql":
        return literal_column(
            "CAST(extract(epoch FROM clock_timestamp()) AS double precision)", Double
        )
    return literal_column("((julianday('now') - 2440587.5) * 86400.0)", Double)


def _now(session: Session) -> float:
    return session.execute(select(_clock(session))).scalar_one()
