"""Inserting what may already be there, on SQLite and PostgreSQL alike."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import CursorResult, Insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from storage.tables import Base


async def insert_if_new(session: AsyncSession, table: type[Base], **values: Any) -> bool:
    """Insert a row unless it would break a unique constraint; return whether it was inserted.

    Safe when two processes do it at the same moment: the database decides which was first.
    """
    return await insert_new(session, table, [values]) == 1


async def insert_new(
    session: AsyncSession, table: type[Base], rows: Sequence[Mapping[str, Any]]
) -> int:
    """Insert those of ``rows`` that break no unique constraint; return how many those were."""
    if not rows:
        return 0
    statement: Insert
    if session.get_bind().dialect.name == "postgresql":
        statement = postgresql.insert(table).values(rows).on_conflict_do_nothing()
    else:
        statement = sqlite.insert(table).values(rows).on_conflict_do_nothing()
    result = await session.execute(statement)
    assert isinstance(result, CursorResult)  # noqa: S101 - what an INSERT gives
    return result.rowcount
