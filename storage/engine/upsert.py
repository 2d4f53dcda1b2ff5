"""Inserting what may already be there, on SQLite and PostgreSQL alike."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, CursorResult, Insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from storage.engine.core_tables import table_of
from storage.tables.base import Base

#: What a column becomes where the row is there: from what it holds, and from the new row.
Change: TypeAlias = Callable[[Any, Any], ColumnElement[Any]]


def insert_unless_there(session: Session, table: type[Base]) -> sqlite.Insert | postgresql.Insert:
    """An insert that skips rows which would break a unique constraint.

    To be executed with a list of rows. It is built once, which is much of what it costs.
    """
    return _unless_there(session.get_bind().dialect.name, table)


@cache
def _unless_there(dialect: str, table: type[Base]) -> sqlite.Insert | postgresql.Insert:
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return insert(table_of(table)).on_conflict_do_nothing()


def insert_if_new(session: Session, table: type[Base], /, **values: Any) -> bool:
    """Insert a row unless it would break a unique constraint; return whether it was inserted.

    Safe when two processes do it at the same moment: the database decides which was first.
    """
    result = session.execute(insert_unless_there(session, table), values)
    assert isinstance(result, CursorResult)  # noqa: S101 - what an INSERT gives
    return result.rowcount == 1


def insert_new(session: Session, table: type[Base], rows: Sequence[Mapping[str, Any]]) -> int:
    """Insert those of ``rows`` that break no unique constraint; return how many those were."""
    if not rows:
        return 0
    statement: Insert
    if session.get_bind().dialect.name == "postgresql":
        statement = postgresql.insert(table).values(rows).on_conflict_do_nothing()
    else:
        statement = sqlite.insert(table).values(rows).on_conflict_do_nothing()
    result = session.execute(statement)
    assert isinstance(result, CursorResult)  # noqa: S101 - what an INSERT gives
    return result.rowcount


def insert_or_add(
    session: Session,
    table: type[Base],
    rows: Sequence[Mapping[str, Any]],
    **changes: Change,
) -> None:
    """Insert rows of sums; where a row is there already, add the new sums to it.

    Args:
        session: a write session.
        table: every column that is not in its primary key is a sum, but for those in ``changes``.
        rows: all with the same columns; each is added after the one before it.
        changes: by column, what becomes of it instead: called with the two rows' columns. The
            same functions each time: a statement is built once for them.
    """
    if rows:
        dialect = session.get_bind().dialect.name
        statement = _adding(dialect, table, tuple(rows[0]), tuple(changes.items()))
        session.execute(statement, list(rows))


def insert_or_change(
    session: Session, table: type[Base], rows: Sequence[Mapping[str, Any]], *, once: str
) -> None:
    """Insert rows; where one is there already, it is changed to what the new one says.

    Args:
        session: a write session.
        table: has a primary key that ``rows`` say.
        rows: at least one, all with the same columns.
        once: a column that stays as it was where the row is there.
    """
    dialect = session.get_bind().dialect.name
    session.execute(_changing(dialect, table, tuple(rows[0]), once), list(rows))


@cache
def _changing(dialect: str, table: type[Base], columns: tuple[str, ...], once: str) -> Insert:
    plain = table_of(table)
    keys = [column.name for column in plain.primary_key]
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    statement = insert(plain)
    new = statement.excluded
    changed = {name: new[name] for name in columns if name not in (*keys, once)}
    return statement.on_conflict_do_update(index_elements=keys, set_=changed)


@cache
def _adding(
    dialect: str,
    table: type[Base],
    columns: tuple[str, ...],
    changes: tuple[tuple[str, Change], ...],
) -> Insert:
    plain = table_of(table)
    keys = [column.name for column in plain.primary_key]
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    statement = insert(plain)
    there, new = plain.c, statement.excluded
    sums = {name: there[name] + new[name] for name in columns if name not in keys}
    sums |= {name: change(there, new) for name, change in changes}
    return statement.on_conflict_do_update(index_elements=keys, set_=sums)
