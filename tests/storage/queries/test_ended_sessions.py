"""Sessions that were ended before their time."""

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial

from sqlalchemy import func, select

from storage.engine.database import Database
from storage.engine.scopes import ITS_ROWS
from storage.queries.ended_sessions import end_session, has_ended
from storage.tables import EndedSession

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
END = NOW + timedelta(days=30)


async def test_a_session_that_is_ended_several_times_at_once_has_ended(database: Database) -> None:
    end = partial(end_session, text="1.2.3", ends_at=END, now=NOW)
    await asyncio.gather(*(database.run_write(end, alone_in=ITS_ROWS) for _ in range(4)))
    assert await database.run_read(partial(has_ended, text="1.2.3"))
    assert not await database.run_read(partial(has_ended, text="1.2.4"))


async def test_what_is_over_by_itself_needs_no_row(database: Database) -> None:
    for text, ends_at, now in (("old", END, NOW), ("new", END + timedelta(days=1), END)):
        await database.run_write(
            partial(end_session, text=text, ends_at=ends_at, now=now), alone_in=ITS_ROWS
        )
    async with database.read() as session:
        rows = select(func.count()).select_from(EndedSession)
        assert (await session.scalars(rows)).one() == 1
