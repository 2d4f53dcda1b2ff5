"""How the parts of running Peorias are doing: noted by the bot, read by `main.py doctor`."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from storage.engine.upsert import insert_if_new
from storage.tables import RunningProcess, Service

#: A process without a sign of life for so long has died, or hangs.
_SILENT = timedelta(minutes=2)
#: What asks whether the database can be written, and is no Peoria that runs.
DOCTOR = "doctor"


def note_service(session: Session, process: str, name: str, **values: Any) -> None:
    """Change what is known of a service.

    Args:
        session: a write session.
        process: the service's.
        name: the service's.
        values: columns that change; for a service that was unknown ``state``, ``changed_at`` and
            ``alive_at`` must be among them.
    """
    if not insert_if_new(session, Service, process=process, name=name, **values):
        session.execute(update(Service).filter_by(process=process, name=name).values(**values))


def forget_service(session: Session, process: str, name: str) -> None:
    """It was stopped on purpose."""
    session.execute(delete(Service).filter_by(process=process, name=name))


def note_alive(
    session: Session, process: str, now: datetime, is_gone: Callable[[Service], bool]
) -> None:
    """A process runs: its services are alive, and those of processes that are gone are forgotten.

    Args:
        session: a write session.
        process: the one that runs.
        now: aware.
        is_gone: whether a service's process is gone.
    """
    session.execute(update(Service).filter_by(process=process).values(alive_at=now))
    for each in session.scalars(select(Service).where(Service.process != process)).all():
        if is_gone(each):
            session.delete(each)


def all_services(session: Session) -> Sequence[Service]:
    """Every service that is known, by name."""
    return session.scalars(select(Service).order_by(Service.name, Service.process)).all()


def processes_heard_of(session: Session, now: datetime) -> list[RunningProcess]:
    """The processes of Peoria that gave a sign of life lately, the oldest first."""
    query = (
        select(RunningProcess)
        .where(RunningProcess.name != DOCTOR, RunningProcess.seen_at > now - _SILENT)
        .order_by(RunningProcess.started_at, RunningProcess.name)
    )
    return [*session.scalars(query)]
