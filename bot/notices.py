"""What admins are to be told: written with what happened, handed to the platforms afterwards."""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.platform import Platform, PlatformUnavailable
from bot.runtime.clock import Clock
from storage.engine.database import Database
from storage.tables import Community, Notice
from storage.types import PlatformName

log = logging.getLogger(__name__)

#: Notices handed over in one go.
BATCH = 200

#: What could not be said for so long is old news, and not said any more.
STALE = timedelta(days=3)


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
    PERMISSIONS = "permissions"


def add_notice(
    session: AsyncSession,
    kind: NoticeKind,
    text: str,
    *,
    now: datetime,
    community_id: int | None = None,
) -> None:
    """Have the admins told something, in the transaction in which it happened.

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
    async with database.write() as session:
        add_notice(session, kind, text, now=now, community_id=community_id)


async def waiting_notices(session: AsyncSession) -> list[tuple[Notice, Community | None]]:
    """Notices that somebody was not told yet, the oldest first, with their communities."""
    rows = await session.execute(
        select(Notice, Community)
        .outerjoin(Community, Community.id == Notice.community_id)
        .where(Notice.delivered_at.is_(None))
        .order_by(Notice.made_at, Notice.id)
        .limit(BATCH)
    )
    return [(notice, community) for notice, community in rows]


class Notices:
    """Hands notices to the platforms, each of which hears of one once."""

    def __init__(
        self, database: Database, platforms: Mapping[PlatformName, Platform], *, clock: Clock
    ) -> None:
        self._database = database
        self._platforms = platforms
        self._clock = clock

    async def deliver(self) -> int:
        """Hand over what waits; return how many notices were done with."""
        async with self._database.read() as session:
            waiting = await waiting_notices(session)
        return sum([await self._hand_over(*each) for each in waiting])

    async def _hand_over(self, notice: Notice, community: Community | None) -> bool:
        """Tell every platform that was not told yet; whether that is done with."""
        names = [community.platform] if community else [*self._platforms]
        untold = [name for name in names if name.value not in notice.told]
        left = 0
        for name in untold:
            if await self._tell(name, notice.text, community):
                # One by one: whoever is told and then cut short is not told again.
                async with self._database.write() as session:
                    row = await session.get_one(Notice, notice.id)
                    row.told = {**row.told, name.value: self._clock().isoformat()}
            else:
                left += 1
        stale = notice.made_at + STALE < self._clock()
        if left and not stale:
            return False
        if left:
            log.warning("Nobody could be told since %s: %s", notice.made_at, notice.text)
        async with self._database.write() as session:
            row = await session.get_one(Notice, notice.id)
            row.delivered_at = self._clock()
        return True

    async def _tell(self, name: PlatformName, text: str, community: Community | None) -> bool:
        platform = self._platforms.get(name)
        if platform is None:
            # Switched off; it may come back.
            return False
        try:
            await platform.announce(text, community.source_id if community else None)
        except PlatformUnavailable as error:
            log.info("%s cannot be told now (%s).", name.value.capitalize(), error)
            return False
        except Exception:
            # One notice that a platform cannot take must not keep the others waiting.
            log.exception("%s could not be told; tried again later.", name.value.capitalize())
            return False
        return True
