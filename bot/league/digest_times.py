"""When the digests of servers are due, who sends them, and that each is sent once."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CursorResult, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from bot.runtime.local_time import next_local_time
from storage.engine.core_tables import table_of
from storage.engine.database import Database
from storage.engine.scopes import ITS_ROWS, LOCKED, Scope
from storage.tables import Digest
from storage.types import PlatformName

#: One that a process is about to send is nobody else's for this long.
CLAIMED_FOR = timedelta(minutes=2)
#: One that could not be sent for so long is left out.
STALE = timedelta(hours=12)
_FIRST_WAIT, _LONGEST_WAIT = timedelta(seconds=30), timedelta(minutes=30)
_DAY = timedelta(days=1)

_DIGESTS = table_of(Digest)


async def set_digest(
    database: Database,
    platform: PlatformName,
    server: str,
    *,
    channel: str,
    weekday: int | None,
    minute: int,
    time_zone: str,
    now: datetime,
) -> Digest:
    """Have a server told every day, or (``weekday``, Monday is 0) every week, from now on."""
    due_at = next_local_time(now, minute=minute, weekday=weekday, time_zone=time_zone)
    async with database.write(alone_in=[_setting(platform, server)]) as session:
        digest = await find_digest(session, platform, server)
        if digest is None:
            digest = Digest(platform=platform, server=server, tries=0)
            session.add(digest)
        digest.channel, digest.weekday, digest.minute = channel, weekday, minute
        digest.time_zone, digest.due_at = time_zone, due_at
        digest.claimed_until = digest.begun_at = digest.fault = None
        digest.tries = 0
        return digest


async def end_digest(database: Database, platform: PlatformName, server: str) -> bool:
    """Tell a server nothing any more; return whether it was told."""
    async with database.write(alone_in=[_setting(platform, server)]) as session:
        digest = await find_digest(session, platform, server)
        if digest is None:
            return False
        await session.delete(digest)
        return True


async def find_digest(session: AsyncSession, platform: PlatformName, server: str) -> Digest | None:
    """The digest of a server, if it asked for one."""
    found: Digest | None = await session.scalar(
        select(Digest).filter_by(platform=platform, server=server)
    )
    return found


async def due_digests(
    session: AsyncSession,
    platform: PlatformName,
    now: datetime,
    *,
    without: Collection[int],
    limit: int,
) -> Sequence[Digest]:
    """Digests that are due and that nobody is sending, the earliest first."""
    found = await session.scalars(
        select(Digest)
        .where(
            Digest.platform == platform,
            Digest.due_at <= now,
            or_(Digest.claimed_until.is_(None), Digest.claimed_until <= now),
            Digest.id.not_in(without),
        )
        .order_by(Digest.due_at, Digest.id)
        .limit(limit)
    )
    return found.all()


async def claim_digest(
    database: Database, digest: Digest, now: datetime
) -> tuple[bool, datetime | None]:
    """Record that a digest is about to be sent.

    Returns whether nobody else sends it, and since when it may have been sent (None: never).
    """

    def claim(session: Session) -> tuple[bool, datetime | None]:
        row = session.get(Digest, digest.id, with_for_update=LOCKED)
        if row is None or row.due_at != digest.due_at:
            return False, None
        if row.claimed_until is not None and row.claimed_until > now:
            return False, None
        begun = row.begun_at
        row.claimed_until, row.begun_at = now + CLAIMED_FOR, begun or now
        return True, begun

    return await database.run_write(claim, alone_in=ITS_ROWS)


async def note_sent(database: Database, digest: Digest, source_id: str, now: datetime) -> None:
    """Note that a digest was sent; the next one is due at its time."""
    await _next(database, digest, now, source_id=source_id, sent_at=now, fault=None)


async def leave_out(database: Database, digest: Digest, now: datetime, why: str | None) -> None:
    """Send nothing this time.

    Args:
        why: a sentence; None: there was nothing to tell.
    """
    await _next(database, digest, now, fault=why)


async def put_off(database: Database, digest: Digest, now: datetime) -> None:
    """Try again later what may not have been sent."""
    wait = min(_FIRST_WAIT * 2 ** min(digest.tries, 10), _LONGEST_WAIT)
    await _change(database, digest, claimed_until=now + wait, tries=digest.tries + 1)


def span_of(digest: Digest) -> tuple[datetime, datetime]:
    """The span that the digest which is due tells of."""
    return digest.due_at - (_DAY if digest.weekday is None else 7 * _DAY), digest.due_at


def _setting(platform: PlatformName, server: str) -> Scope:
    """What a server is told, which may not be stored yet."""
    return Scope("digest", f"{platform.value} {server}")


async def _next(database: Database, digest: Digest, now: datetime, **values: Any) -> None:
    due_at = next_local_time(
        max(now, digest.due_at),
        minute=digest.minute,
        weekday=digest.weekday,
        time_zone=digest.time_zone,
    )
    await _change(
        database, digest, due_at=due_at, claimed_until=None, begun_at=None, tries=0, **values
    )


async def _change(database: Database, digest: Digest, **values: Any) -> bool:
    """Change a digest unless it was set anew, or sent, meanwhile."""
    statement = (
        update(_DIGESTS)
        .where(_DIGESTS.c.id == digest.id, _DIGESTS.c.due_at == digest.due_at)
        .values(**values)
    )

    def change(session: Session) -> bool:
        result = session.execute(statement)
        assert isinstance(result, CursorResult)  # noqa: S101 - what an UPDATE gives
        return result.rowcount == 1

    return await database.run_write(change, alone_in=ITS_ROWS)
