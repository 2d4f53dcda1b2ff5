"""Signs of life of the processes that run on a database, and whether it can be written at all."""

import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from bot.leases import database_time
from bot.operations.agreement import agreed, check_agreement
from bot.operations.findings import Finding, State
from bot.runtime.build import peoria_version
from bot.runtime.clock import Clock
from bot.runtime.processes import is_gone, this_process
from bot.runtime.roles import MEANING, ONE_AT_A_TIME, PLATFORMS, Role
from bot.settings import Settings
from storage.engine.database import Database
from storage.engine.scopes import SERVICES
from storage.engine.upsert import insert_if_new
from storage.queries.services import DOCTOR, processes_heard_of
from storage.tables import RoleSeen, RunningProcess

#: How often a process gives a sign of life, seconds.
BEAT_SECONDS = 15
#: Rows of processes that died are kept for so long.
_KEPT = timedelta(days=7)
#: Clocks that differ by more than this are told, seconds.
_CLOCK_TOLERANCE = 10.0


@dataclass(frozen=True, slots=True)
class _About:
    """What a process tells the others of itself."""

    asked_roles: tuple[Role, ...]
    roles: tuple[Role, ...]
    settings: dict[str, Any]


class Heartbeat:
    """This process's row: written while it runs, gone when it is stopped in order.

    Args:
        database: holds the row.
        clock: tells the time.
        process: a name that no other has; None: this process's.
    """

    def __init__(self, database: Database, *, clock: Clock, process: str | None = None) -> None:
        self._database = database
        self._clock = clock
        self._name = process or this_process()
        self._started_at: datetime | None = None
        self._about: _About | None = None

    async def begin(self, roles: Sequence[Role], settings: Settings) -> None:
        """Note that this process starts, unless those that run have other settings.

        Args:
            roles: what it does: those that it was given, without platforms that are not set up.
            settings: what is set.

        Raises:
            SettingsDisagree: another process has another value of a setting that must be alike.
            DATABASE_ERRORS (`storage.engine.faults`): the database cannot be written.
        """
        about = _About(settings.roles, tuple(roles), agreed(settings))
        now = self._clock()

        def begin(session: Session) -> None:
            others = [each for each in living(session, now) if each.name != self._name]
            check_agreement(about.settings, others)
            self._about, self._started_at = about, now
            # What a process of this name said before is of no use.
            session.execute(delete(RunningProcess).filter_by(name=self._name))
            self._note(session, now)

        await self._database.run_write(begin, alone_in=[SERVICES])

    async def beat(self) -> None:
        """Note that this process lives.

        Raises:
            DATABASE_ERRORS (`storage.engine.faults`): the database cannot be written.
        """
        now = self._clock()
        self._started_at = self._started_at or now
        await self._database.run_write(
            lambda session: self._note(session, now), alone_in=[SERVICES]
        )

    def _note(self, session: Session, now: datetime) -> None:
        values: dict[str, Any] = {"seen_at": now, "clock_ahead": _clock_ahead(session)}
        if self._about is not None:
            values |= {
                "host": socket.gethostname()[:255],
                "release": peoria_version(),
                "roles": ",".join(self._about.asked_roles),
                "settings": self._about.settings,
            }
            for role in self._about.roles:
                if not insert_if_new(session, RoleSeen, name=role.value, seen_at=now):
                    session.execute(update(RoleSeen).filter_by(name=role.value).values(seen_at=now))
        if not insert_if_new(
            session, RunningProcess, name=self._name, started_at=self._started_at, **values
        ):
            session.execute(update(RunningProcess).filter_by(name=self._name).values(values))
        session.execute(delete(RunningProcess).where(RunningProcess.seen_at < now - _KEPT))

    async def end(self) -> None:
        """It is stopped in order: there is nothing to look for."""
        await self._database.run_write(
            lambda session: session.execute(delete(RunningProcess).filter_by(name=self._name)),
            alone_in=[SERVICES],
        )


def living(session: Session, now: datetime) -> list[RunningProcess]:
    """The processes of Peoria that run on this database."""
    return [each for each in processes_heard_of(session, now) if not is_gone(each.name)]


def _clock_ahead(session: Session) -> float | None:
    """How far this machine's clock is ahead of the database's, seconds; None: it is the same."""
    if session.get_bind().dialect.name != "postgresql":
        return None
    return time.time() - session.execute(select(database_time(session))).scalar_one()


def life_finding(session: Session, now: datetime) -> Finding:
    """Whether a Peoria runs on this database."""
    processes = living(session, now)
    alive = [each.seen_at for each in processes]
    if alive:
        ago = max((now - max(alive)).total_seconds(), 0)
        sentence = f"{len(alive)} running; the last sign of life was {ago:.0f} s ago."
        if len(alive) > 1:
            sentence += f" {processes_text(processes)}."
        return Finding("process", State.WELL, sentence)
    seen = session.scalar(
        select(func.max(RunningProcess.seen_at)).where(RunningProcess.name != DOCTOR)
    )
    if seen is None:
        return Finding("process", State.WELL, "Peoria is not running; it was stopped in order.")
    return Finding(
        "process",
        State.LOOK,
        f"Peoria gave its last sign of life on {seen:%Y-%m-%d %H:%M} UTC, and was not stopped"
        " in order. Start it again; its log, or the system's, says how it ended.",
    )


def processes_text(processes: Sequence[RunningProcess]) -> str:
    """Which processes run where, and what they do."""
    return "; ".join(
        f"{each.roles or 'all'} on {each.host or 'a machine'} ({each.release or 'an older one'})"
        for each in processes
    )


def role_findings(session: Session, now: datetime) -> list[Finding]:
    """Roles that nobody has while Peoria runs, and clocks of machines that differ."""
    processes = living(session, now)
    # An earlier Peoria does everything, and says nothing of it.
    if not processes or any(each.roles is None for each in processes):
        return []
    had = {
        Role(row.name)
        for row in session.scalars(select(RoleSeen).where(RoleSeen.seen_at > now - _KEPT))
        if row.name in PLATFORMS
    }
    has = {role for each in processes for role in (each.roles or "").split(",")}
    missing = [role for role in Role if role in had | ONE_AT_A_TIME and role not in has]
    found = [
        Finding(
            "roles",
            State.LOOK,
            f"No process has the role {role}, which {MEANING[role]}. Start one: main.py run"
            f" --roles {role}.",
        )
        for role in missing
    ]
    found += [
        Finding(
            "clock",
            State.LOOK,
            f"The clock of {each.host} is {abs(each.clock_ahead):,.0f} s"
            f" {'ahead of' if each.clock_ahead > 0 else 'behind'} the database's. Set it right"
            " (turn time synchronisation on): all processes go by their own clocks.",
        )
        for each in processes
        if each.clock_ahead is not None and abs(each.clock_ahead) > _CLOCK_TOLERANCE
    ]
    return found
