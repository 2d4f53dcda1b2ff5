"""How the parts of a running Peoria are doing: noted by the bot, read by `main.py doctor`."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from storage.engine.upsert import insert_if_new
from storage.tables import Service


def note_service(session: Session, name: str, **values: Any) -> None:
    """Change what is known of a service.

    Args:
        session: a write session.
        name: the service's.
        values: columns that change; for a service that was unknown ``state`` and ``changed_at``
            must be among them.
    """
    if not insert_if_new(session, Service, name=name, **values):
        session.execute(update(Service).where(Service.name == name).values(**values))


def forget_service(session: Session, name: str) -> None:
    """It was stopped on purpose."""
    session.execute(delete(Service).where(Service.name == name))


def all_services(session: Session) -> Sequence[Service]:
    """Every service that is known, by name."""
    return session.scalars(select(Service).order_by(Service.name)).all()
