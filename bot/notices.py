"""Notices to admins: written in the transaction of what happened, delivered by the platforms."""

import logging
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from bot.platform import Platform, PlatformUnavailable
from bot.runtime.clock import Clock
from bot.runtime.one_by_one import one_by_one
from storage.engine.database import Database
from storage.engine.scopes import ITS_ROWS, LOCKED
from storage.tables import Community, Notice, RoleSeen
from storage.types import PlatformName

log = logging.getLogger(__name__)

#: Most notices that are delivered at once.
BATCH = 200

#: A notice that could not be delivered for so long is out of date, and dropped.
STALE = timedelta(days=3)


#: A platform that no process runs any more is told nothing after this.
_IN_USE = timedelta(days=1)

#: A notice that a process is about to deliver is nobody else's for this long.
CLAIMED_FOR = timedelta(minutes=2)
_CLAIMED = "claimed_at"
#: When a platform was to be told for the first time: it may have been told since then.
_FIRST = "first_at"


class NoticeKind(StrEnum):
    """What a notice is about."""

    TRAINING = "training"
    SHIFT = "shift"
    SKILL = "skill"
    PAUSED = "paused"
    RESUMED = "resumed"
    #: A platform stopped, or a community there is closed to the bot.
    DISCORD = "discord"
    REDDIT = "reddit"
    BANNED = "banned"
    #: A part of Peoria does not run, or a clock is wrong.
    SERVICE = "service"
    PERMISSIONS = "permissions"
    #: What the admins of a community wrote as its settings cannot be read.
    SETTINGS = "settings"
    #: What people vote with does not exist any more.
    VOTES = "votes"


def add_notice(
    session: AsyncSession,
    kind: NoticeKind,
    text: str,
    *,
    now: datetime,
    community_id: int | None = None,
) -> None:
    """Write a notice to the admins, in the transaction of what happened.

    Args:
        session: a write session.
        kind: what it is about.
        text: plain, a sentence or a few.
        now: aware.
        community_id: the community that it is about; None: all of them.
    """
    session.add(Notice(kind=kind.value, text=text, made_at=now, community_id=community_id))


async def note(
    database: Database,
    kind: NoticeKind,
    text: str,
    *,
    now: datetime,
    community_id: int | None = None,
) -> None:
    """`add_notice` in a transaction of its own."""
    async with database.write(alone_in=ITS_ROWS) as session:
        add_notice(session, kind, text, now=now, community_id=community_id)


async def newest_notice(
    session: AsyncSession,
    kinds: Collection[NoticeKind],
    community_id: int | None,
    since: datetime | None,
) -> NoticeKind | None:
    """The kind of the newest notice of some kinds, about one community or (None) about all.

    Args:
        session: to read with.
        kinds: what it is about.
        community_id: the community that it is about.
        since: aware; older ones do not count. None: all count.
    """
    query = (
        select(Notice.kind)
        .where(Notice.kind.in_(kinds), Notice.community_id.is_not_distinct_from(community_id))
        .order_by(Notice.id.desc())
        .limit(1)
    )
    if since is not None:
        query = query.where(Notice.made_at >= since)
    kind = await session.scalar(query)
    return None if kind is None else NoticeKind(kind)


async def waiting_notices(session: AsyncSession) -> list[tuple[Notice, Community | None]]:
    """Notices that a platform was not told yet, the oldest first, with their communities."""
    rows = await session.execute(
        select(Notice, Community)
        .outerjoin(Community, Community.id == Notice.community_id)
        .where(Notice.delivered_at.is_(None))
        .order_by(Notice.made_at, Notice.id)
        .limit(BATCH)
    )
    return [(notice, community) for notice, community in rows]


class Notices:
    """Delivers notices to the platforms, each notice once to each platform.

    A delivery is claimed before it is made, so that of two processes one makes it. When that one
    dies, or cannot finish it, the platform looks for what was told before it tells the rest.
    """

    def __init__(
        self, database: Database, platforms: Mapping[PlatformName, Platform], *, clock: Clock
    ) -> None:
        self._database = database
        self._platforms = platforms
        self._clock = clock

    async def deliver(self) -> int:
        """Deliver the waiting notices; return how many are delivered to all or dropped."""
        async with self._database.read() as session:
            waiting = await waiting_notices(session)
        delivered = await one_by_one(
            waiting, lambda each: self._deliver_one(*each), "a notice to the admins"
        )
        return sum(delivered)

    async def _deliver_one(self, notice: Notice, community: Community | None) -> bool:
        """Tell each platform that was not told yet; return whether none is left."""
        names = [community.platform] if community else await self._in_use()
        untold = [name for name in names if not _was_told(notice, name)]
        left = 0
        for name in untold:
            if name not in self._platforms:
                # Another process has it, or it is switched off and may be switched on again.
                left += 1
                continue
            claimed, first = await self._claim(notice.id, name)
            if not claimed:
                left += 1
                continue
            told = await self._tell(name, notice.text, community, first)
            # One by one: a platform that was told is not told again after a crash.
            await self._note(notice.id, name, told=told)
            left += not told
        stale = notice.made_at + STALE < self._clock()
        if left and not stale:
            return False
        if left:
            log.warning(
                "A notice of %s could not be delivered and is dropped: %s",
                notice.made_at,
                notice.text,
            )
        async with self._database.write(alone_in=ITS_ROWS) as session:
            row = await session.get_one(Notice, notice.id)
            row.delivered_at = self._clock()
        return True

    async def _in_use(self) -> list[PlatformName]:
        """Platforms of this process, and of others that were running lately."""
        since = self._clock() - _IN_USE
        async with self._database.read() as session:
            seen = await session.scalars(select(RoleSeen.name).where(RoleSeen.seen_at > since))
            elsewhere = {*seen}
        return [name for name in PlatformName if name in self._platforms or name in elsewhere]

    async def _claim(self, notice_id: int, name: PlatformName) -> tuple[bool, datetime | None]:
        """Record that a platform is about to be told.

        Returns whether nobody else tells it, and since when it may have been told (None: never).
        """
        now = self._clock()

        def claim(session: Session) -> tuple[bool, datetime | None]:
            row = session.get_one(Notice, notice_id, with_for_update=LOCKED)
            if _was_told(row, name):
                return False, None
            before = row.told.get(name.value) or {}
            claimed, first = before.get(_CLAIMED), before.get(_FIRST) or before.get(_CLAIMED)
            if claimed is not None:
                since = datetime.fromisoformat(claimed)
                if since <= now < since + CLAIMED_FOR:
                    return False, None
            entry = {_CLAIMED: now.isoformat(), _FIRST: first or now.isoformat()}
            row.told = {**row.told, name.value: entry}
            return True, datetime.fromisoformat(first) if first else None

        return await self._database.run_write(claim, alone_in=ITS_ROWS)

    async def _note(self, notice_id: int, name: PlatformName, *, told: bool) -> None:
        """Record whether a platform was told; if not, anybody may tell it."""
        async with self._database.write(alone_in=ITS_ROWS) as session:
            row = await session.get_one(Notice, notice_id, with_for_update=LOCKED)
            now = self._clock().isoformat()
            before = row.told.get(name.value)
            first = before.get(_FIRST, now) if isinstance(before, dict) else now
            row.told = {**row.told, name.value: now if told else {_FIRST: first}}

    async def _tell(
        self, name: PlatformName, text: str, community: Community | None, since: datetime | None
    ) -> bool:
        platform = self._platforms.get(name)
        if platform is None:
            # It is switched off, and may be switched on again.
            return False
        try:
            await platform.announce(
                text, community.source_id if community else None, told_since=since
            )
        except PlatformUnavailable as error:
            log.info("%s cannot be told now (%s).", name.value.capitalize(), error)
            return False
        except Exception:
            # One notice that a platform cannot deliver must not stop the others.
            log.exception("%s could not be told; it is tried again later.", name.value.capitalize())
            return False
        return True


def _was_told(notice: Notice, name: PlatformName) -> bool:
    """Whether a platform was told; a claim says only that somebody is about to."""
    return isinstance(notice.told.get(name.value), str)
