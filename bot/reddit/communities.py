"""Subreddits as communities: found whatever their spelling, and what is remembered of each."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.platform import CommunityRef
from bot.runtime.clock import Clock
from storage.engine.database import Database
from storage.engine.upsert import insert_if_new
from storage.tables import Community
from storage.types import PlatformName

#: Keys of `Community.options`: since when the account is banned there.
BANNED_AT = "banned_at"


async def find_subreddit(session: AsyncSession, name: str) -> Community | None:
    """The community of a subreddit; Reddit does not tell capitals from small letters."""
    query = select(Community).where(
        Community.platform == PlatformName.REDDIT, func.lower(Community.source_id) == name.lower()
    )
    found: Community | None = await session.scalar(query.order_by(Community.id).limit(1))
    return found


class Communities:
    """Reads and changes the communities of Reddit.

    Args:
        horizon_seconds: of those that are new.
    """

    def __init__(self, database: Database, *, horizon_seconds: int, clock: Clock) -> None:
        self._database = database
        self._horizon_seconds = horizon_seconds
        self._clock = clock

    async def find(self, name: str) -> Community | None:
        """The community of a subreddit, if it was ever seen."""
        async with self._database.read() as session:
            return await find_subreddit(session, name)

    async def ensure(self, name: str) -> Community:
        """The community of a subreddit, made with the defaults if it is new.

        Args:
            name: as Reddit spells it.
        """
        found = await self.find(name)
        if found is not None:
            return found
        async with self._database.write() as session:
            await insert_if_new(
                session,
                Community,
                platform=PlatformName.REDDIT,
                source_id=name,
                name=f"r/{name}",
                horizon_seconds=self._horizon_seconds,
                created_at=self._clock(),
            )
            made = await find_subreddit(session, name)
        assert made is not None  # noqa: S101 - it was inserted, now or by another at the same time
        return made

    async def raise_high_water(self, community_id: int, name: str) -> None:
        """Note the newest submission that was seen; never an older one than before."""
        async with self._database.write() as session:
            community = await session.get_one(Community, community_id)
            if age_order(name) > age_order(community.high_water):
                community.high_water = name

    async def note_ban(self, community_id: int, since: datetime | None) -> bool:
        """Note that the account is banned there, or no longer; whether that is news."""
        async with self._database.write() as session:
            community = await session.get_one(Community, community_id)
            if (BANNED_AT in community.options) == (since is not None):
                return False
            options: dict[str, Any] = {**community.options}
            if since is None:
                del options[BANNED_AT]
            else:
                options[BANNED_AT] = since.isoformat()
            # Replaced, not changed: changes inside JSON go unnoticed.
            community.options = options
            return True


def age_order(name: str | None) -> int:
    """Where a thing (``t3_…``) stands in the order in which Reddit gave out ids; 0 for None."""
    return int(name.partition("_")[2], 36) if name else 0


def community_ref(community: Community) -> CommunityRef:
    """A stored community, as posts name it."""
    return CommunityRef(
        community.source_id, community.name, horizon_seconds=community.horizon_seconds
    )
