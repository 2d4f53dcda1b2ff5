"""Inserting what may already be there, on SQLite and PostgreSQL alike."""

from typing import Any

from sqlalchemy import CursorResult, Insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from storage.tables import Base


async def insert_if_new(session: AsyncSession, table: type[Base], **values: Any) -> bool:
    """Insert a row unless it would break a unique constraint; return whether it was inserted.

    Safe when two processes do it at the same moment: the database decides which was first.
    """
    statement: Insert
    if session.get_bind().dialect.name == "postgresql":
        statement = postgresql.insert(table).values(**values).on_conflict_do_nothing()
    else:
        statement = sqlite.insert(table).values(**values).on_conflict_do_nothing()
    result = await session.execute(statement)
    assert isinstance(result, CursorResult)  # noqa: S101 - what an INSERT gives
    return result.rowcount == 1
