"""Who is told of outcomes, who sends that, and that each outcome is told once."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CursorResult, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from storage.engine.core_tables import table_of
from storage.engine.database import Database
from storage.engine.scopes import ITS_ROWS, LOCKED, Scope, person_scope
from storage.queries.communities import find_or_add_author
from storage.tables import Author, OutcomeFeed
from storage.types import PlatformName

#: What a process is about to send is nobody else's for this long.
CLAIMED_FOR = timedelta(minutes=2)
#: Outcomes that could not be told for so long are left out.
STALE = timedelta(days=2)
#: Between two messages to a server, and to a person.
SERVER_PAUSE, PERSON_PAUSE = timedelta(minutes=1), timedelta(minutes=15)
_FIRST_WAIT, _LONGEST_WAIT = timedelta(seconds=30), timedelta(minutes=30)

_FEEDS = table_of(OutcomeFeed)


async def tell_server(
    database: Database,
    platform: PlatformName,
    server: str,
    *,
    channel: str,
    winner_role: str | None,
    season: str,
    now: datetime,
) -> OutcomeFeed:
    """Tell a server of outcomes in a channel from now on.

    Args:
        winner_role: the platform's id of the role that winners of seasons get; None: there is none.
        season: the one before the present: its end is not told.
    """
    async with database.write(alone_in=[_server(platform, server)]) as session:
        feed = await server_feed(session, platform, server)
        if feed is None:
            feed = OutcomeFeed(
                platform=platform, server=server, tries=0, season=season, told_until=now
            )
            session.add(feed)
        if feed.winner_role != winner_role:
            # Nobody has the new one yet.
            feed.winner_id = None
        feed.channel, feed.winner_role, feed.due_at = channel, winner_role, now
        feed.claimed_until = feed.begun_at = feed.begun_until = feed.fault = None
        feed.tries = 0
        return feed


async def tell_person(
    database: Database,
    platform: PlatformName,
    person: str,
    *,
    sealed: str,
    locale: str,
    now: datetime,
) -> None:
    """Tell a person of their own outcomes from now on.

    Args:
        person: their keyed hash.
        sealed: their sealed id: what they are written to by.
    """
    async with database.write(alone_in=[person_scope(platform, person)]) as session:
        author = await session.run_sync(find_or_add_author, platform, person)
        author.sealed_id = sealed
        await session.flush()
        feed = await session.scalar(select(OutcomeFeed).filter_by(author_id=author.id))
        if feed is not None:
            feed.locale = locale
            return
        session.add(
            OutcomeFeed(
                platform=platform, author_id=author.id, locale=locale, told_until=now, due_at=now,
                tries=0,
            )
        )  # fmt: skip


async def stop_telling_server(database: Database, platform: PlatformName, server: str) -> bool:
    """Tell a server of no outcomes any more; return whether it was told."""
    async with database.write(alone_in=[_server(platform, server)]) as session:
        feed = await server_feed(session, platform, server)
        if feed is not None:
            await session.delete(feed)
        return feed is not None


async def stop_telling_person(database: Database, author_id: int) -> bool:
    """Tell a person of no outcomes any more; return whether they were told."""
    async with database.write(alone_in=ITS_ROWS) as session:
        ended = await session.execute(
            delete(OutcomeFeed).filter_by(author_id=author_id).returning(OutcomeFeed.id)
        )
        return ended.first() is not None


async def server_feed(
    session: AsyncSession, platform: PlatformName, server: str
) -> OutcomeFeed | None:
    """How a server is told of outcomes; None: it is not."""
    found: OutcomeFeed | None = await session.scalar(
        select(OutcomeFeed).filter_by(platform=platform, server=server)
    )
    return found


async def person_feed(
    session: AsyncSession, platform: PlatformName, person: str
) -> OutcomeFeed | None:
    """How a person is told of their own outcomes, by their keyed hash; None: they are not."""
    found: OutcomeFeed | None = await session.scalar(
        select(OutcomeFeed)
        .join(Author, Author.id == OutcomeFeed.author_id)
        .where(Author.platform == platform, Author.hash == person)
    )
    return found


async def feeds_won_by(
    session: AsyncSession, platform: PlatformName, person: str
) -> Sequence[OutcomeFeed]:
    """Those of servers where a person, by their keyed hash, has the winner's role."""
    found = await session.scalars(
        select(OutcomeFeed)
        .join(Author, Author.id == OutcomeFeed.winner_id)
        .where(Author.platform == platform, Author.hash == person)
        .order_by(OutcomeFeed.id)
    )
    return found.all()


async def note_no_winner(database: Database, feed: OutcomeFeed) -> None:
    """Note that the role of a server's winner was taken, and nobody has it."""
    async with database.write(alone_in=ITS_ROWS) as session:
        await session.execute(update(_FEEDS).where(_FEEDS.c.id == feed.id).values(winner_id=None))


def due_feeds(session: Session, platform: PlatformName, now: datetime) -> Sequence[OutcomeFeed]:
    """Those that may be sent now and that nobody is sending."""
    query = (
        select(OutcomeFeed)
        .where(
            OutcomeFeed.platform == platform,
            OutcomeFeed.due_at <= now,
            or_(OutcomeFeed.claimed_until.is_(None), OutcomeFeed.claimed_until <= now),
        )
        .order_by(OutcomeFeed.due_at, OutcomeFeed.id)
    )
    return session.scalars(query).all()


async def claim_feed(
    database: Database, feed: OutcomeFeed, now: datetime, *, until: datetime | None
) -> bool:
    """Record that what follows `told_until` is about to be sent; return whether nobody else does.

    Args:
        until: the last label that is told; None: the end of a season is.
    """

    def claim(session: Session) -> bool:
        row = session.get(OutcomeFeed, feed.id, with_for_update=LOCKED)
        if row is None or (row.told_until, row.season) != (feed.told_until, feed.season):
            return False
        if row.claimed_until is not None and row.claimed_until > now:
            return False
        row.claimed_until = now + CLAIMED_FOR
        row.begun_at, row.begun_until = row.begun_at or now, until
        return True

    return await database.run_write(claim, alone_in=ITS_ROWS)


async def note_told(database: Database, feed: OutcomeFeed, until: datetime, now: datetime) -> None:
    """Note that outcomes were told, or left out, up to a label."""
    pause = PERSON_PAUSE if feed.server is None else SERVER_PAUSE
    await _change(
        database, feed, told_until=until, due_at=now + pause, claimed_until=None, begun_at=None,
        begun_until=None, tries=0, fault=None,
    )  # fmt: skip


async def note_season(
    database: Database, feed: OutcomeFeed, season: str, winner_id: int | None
) -> None:
    """Note that the end of a season was told, and who has the role of its winner now."""
    await _change(
        database, feed, season=season, winner_id=winner_id, claimed_until=None, begun_at=None,
        tries=0, fault=None,
    )  # fmt: skip


async def put_off_feed(
    database: Database, feed: OutcomeFeed, now: datetime, why: str | None = None
) -> None:
    """Try again later what may not have been sent.

    Args:
        why: a sentence for the admins; None: it is the platform's trouble.
    """
    wait = min(_FIRST_WAIT * 2 ** min(feed.tries, 10), _LONGEST_WAIT)
    await _change(database, feed, claimed_until=now + wait, tries=feed.tries + 1, fault=why)


def _server(platform: PlatformName, server: str) -> Scope:
    """How a server is told, which may not be stored yet."""
    return Scope("outcomes", f"{platform.value} {server}")


async def _change(database: Database, feed: OutcomeFeed, **values: Any) -> bool:
    """Change a feed unless it went on, or was set anew, meanwhile."""
    statement = (
        update(_FEEDS)
        .where(_FEEDS.c.id == feed.id, _FEEDS.c.told_until == feed.told_until)
        .values(**values)
    )

    def change(session: Session) -> bool:
        result = session.execute(statement)
        assert isinstance(result, CursorResult)  # noqa: S101 - what an UPDATE gives
        return result.rowcount == 1

    return await database.run_write(change, alone_in=ITS_ROWS)
