"""Signs of life of the processes that run on a database, and whether it can be written at all."""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from bot.operations.findings import Finding, State
from bot.runtime.clock import Clock
from bot.runtime.processes import is_gone, this_process
from storage.engine.database import Database
from storage.engine.scopes import SERVICES
from storage.engine.upsert import insert_if_new
from storage.tables import RunningProcess

#: How often a process gives a sign of life, seconds.
BEAT_SECONDS = 15
#: One without a sign for so long has died, or hangs.
_SILENT = timedelta(minutes=2)
#: What asks, and is no Peoria that runs.
DOCTOR = "doctor"
#: Rows of processes that died are kept for so long.
_KEPT = timedelta(days=7)


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

    async def beat(self) -> None:
        """Note that this process lives.

        Raises:
            DBAPIError, OSError: the database cannot be written.
        """
        now = self._clock()
        if self._started_at is None:
            self._started_at = now
        started_at = self._started_at

        def note(session: Session) -> None:
            if not insert_if_new(
                session, RunningProcess, name=self._name, started_at=started_at, seen_at=now
            ):
                session.execute(
                    update(RunningProcess).filter_by(name=self._name).values(seen_at=now)
                )
            session.execute(delete(RunningProcess).where(RunningProcess.seen_at < now - _KEPT))

        await self._database.run_write(note, alone_in=[SERVICES])

    async def end(self) -> None:
        """It is stopped in order: there is nothing to look for."""
        await self._database.run_write(
            lambda session: session.execute(delete(RunningProcess).filter_by(name=self._name)),
            alone_in=[SERVICES],
        )


def living(session: Session, now: datetime) -> list[RunningProcess]:
    """The processes of Peoria that run on this database."""
    rows = session.scalars(select(RunningProcess).where(RunningProcess.name != DOCTOR)).all()
    heard_of = [each for each in rows if now - each.seen_at < _SILENT]
    return [each for each in heard_of if not is_gone(each.name)]


def life_finding(session: Session, now: datetime) -> Finding:
    """Whether a Peoria runs on this database."""
    alive = [each.seen_at for each in living(session, now)]
    if alive:
        ago = max((now - max(alive)).total_seconds(), 0)
        sentence = f"{len(alive)} running; the last sign of life was {ago:.0f} s ago."
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
