"""The state of imports of a community's past: begun, claimed, gone on with, ended."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CursorResult, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from storage.engine.core_tables import table_of
from storage.engine.database import Database
from storage.engine.scopes import ITS_ROWS, LOCKED
from storage.engine.upsert import insert_if_new
from storage.tables import Community, HistoryImport
from storage.types import PlatformName

#: How far back an import goes at most, days.
MOST_DAYS = 3_650
#: An import that a process works on is nobody else's for this long; each step claims it anew.
CLAIMED_FOR = timedelta(minutes=2)
#: Waits between tries, the first and the longest.
_FIRST_WAIT, _LONGEST_WAIT = timedelta(seconds=30), timedelta(minutes=30)

_IMPORTS = table_of(HistoryImport)


async def begin_import(
    database: Database,
    community_id: int,
    *,
    since: datetime,
    shown_in: Mapping[str, str],
    now: datetime,
) -> bool:
    """Have what was posted in a community since a moment imported.

    Returns whether that is new: one import goes on at a time.
    """
    async with database.write(alone_in=ITS_ROWS) as session:
        return await session.run_sync(
            insert_if_new,
            HistoryImport,
            community_id=community_id,
            asked_at=now,
            since=since,
            tries=0,
            counts={},
            shown_in=dict(shown_in),
        )


async def stop_import(database: Database, community_id: int, now: datetime) -> bool:
    """End the import of a community; return whether there was one. What is stored stays."""
    async with database.write(alone_in=ITS_ROWS) as session:
        query = select(HistoryImport).filter_by(community_id=community_id, ended_at=None)
        row = await session.scalar(query.with_for_update(**LOCKED))
        if row is None:
            return False
        row.ended_at = now
        return True


async def newest_import(session: AsyncSession, community_id: int) -> HistoryImport | None:
    """The import of a community that is under way, or the last one; None: there was none."""
    query = select(HistoryImport).filter_by(community_id=community_id)
    found: HistoryImport | None = await session.scalar(
        query.order_by(HistoryImport.id.desc()).limit(1)
    )
    return found


async def due_imports(
    session: AsyncSession, platform: PlatformName, now: datetime, *, without: Collection[int] = ()
) -> Sequence[tuple[HistoryImport, Community]]:
    """Imports under way that nobody works on, with their communities, the oldest first."""
    rows = await session.execute(
        select(HistoryImport, Community)
        .join(Community, Community.id == HistoryImport.community_id)
        .where(
            Community.platform == platform,
            HistoryImport.ended_at.is_(None),
            or_(HistoryImport.claimed_until.is_(None), HistoryImport.claimed_until <= now),
            HistoryImport.id.not_in(without),
        )
        .order_by(HistoryImport.id)
    )
    return [(row[0], row[1]) for row in rows]


async def claim_import(database: Database, import_id: int, now: datetime) -> bool:
    """Take an import on; return whether nobody else works on it."""
    free = or_(_IMPORTS.c.claimed_until.is_(None), _IMPORTS.c.claimed_until <= now)
    return await _change(database, import_id, free, claimed_until=now + CLAIMED_FOR)


async def note_progress(
    database: Database,
    import_id: int,
    *,
    place: int | str,
    after: int | str | None,
    counts: Mapping[str, int],
    now: datetime,
    page: str | None = None,
) -> bool:
    """Note how far an import has come; return whether it is to go on.

    Args:
        place: the channel, thread or subreddit that is being read.
        after: the last message or post there that was dealt with; None: none was.
        counts: how many there were so far, by what became of them.
        page: where the page begins that is being read; None: it is the first, or there are none.
    """
    return await _change(
        database,
        import_id,
        place=str(place),
        page=page,
        after=None if after is None else str(after),
        counts=dict(counts),
        tries=0,
        claimed_until=now + CLAIMED_FOR,
    )


async def note_shown(database: Database, import_id: int, shown_in: Mapping[str, str]) -> None:
    """Note where the progress of an import is shown."""
    await _change(database, import_id, shown_in=dict(shown_in))


async def put_off(database: Database, import_id: int, tries: int, now: datetime) -> None:
    """Have an import that could not go on tried again later.

    Args:
        tries: that failed before in a row.
    """
    wait = min(_FIRST_WAIT * 2 ** min(tries, 10), _LONGEST_WAIT)
    await _change(database, import_id, tries=tries + 1, claimed_until=now + wait)


async def let_go(database: Database, import_id: int) -> None:
    """Let others go on with an import at once."""
    await _change(database, import_id, claimed_until=None)


async def end_import(
    database: Database,
    import_id: int,
    now: datetime,
    *,
    counts: Mapping[str, int] | None = None,
    fault: str | None = None,
) -> bool:
    """End an import; return whether it was under way.

    Args:
        counts: how many there were in all.
        fault: why it could not go on, a sentence.
    """
    more = {} if counts is None else {"counts": dict(counts)}
    return await _change(database, import_id, ended_at=now, fault=fault, **more)


async def _change(database: Database, import_id: int, *where: Any, **values: Any) -> bool:
    statement = update(_IMPORTS).where(
        _IMPORTS.c.id == import_id, _IMPORTS.c.ended_at.is_(None), *where
    )

    def change(session: Session) -> bool:
        result = session.execute(statement.values(**values))
        assert isinstance(result, CursorResult)  # noqa: S101 - what an UPDATE gives
        return result.rowcount == 1

    return await database.run_write(change, alone_in=ITS_ROWS)
