"""Subreddits as communities: found whatever their spelling, and what is remembered of each."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.communities import add_community, raise_high_water, set_option
from bot.platform import CommunityRef
from bot.runtime.clock import Clock
from bot.subreddits import subreddit_title
from storage.engine.database import Database
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

    async def find_or_add(self, name: str) -> Community:
        """The community of a subreddit, made with the defaults if it is new.

        Args:
            name: as Reddit spells it.
        """
        found = await self.find(name)
        if found is not None:
            return found
        ref = CommunityRef(name, subreddit_title(name), horizon_seconds=self._horizon_seconds)
        await add_community(self._database, PlatformName.REDDIT, ref, now=self._clock())
        made = await self.find(name)
        assert made is not None  # noqa: S101 - it was inserted, now or by another at the same time
        return made

    async def raise_high_water(self, community: Community, name: str) -> None:
        """Note the newest submission that was seen; never an older one than before."""
        await raise_high_water(
            self._database, PlatformName.REDDIT, {community.source_id: name}, order=age_order
        )

    async def banned(self) -> list[str]:
        """Names of the subreddits that the account is banned from, as far as is known."""
        async with self._database.read() as session:
            query = select(Community).where(Community.platform == PlatformName.REDDIT)
            found = await session.scalars(query.order_by(Community.id))
            return [each.source_id for each in found if BANNED_AT in each.options]

    async def note_ban(self, community_id: int, since: datetime | None) -> bool:
        """Note that the account is banned there, or no longer; return whether that is news."""
        value = None if since is None else since.isoformat()
        return await set_option(self._database, community_id, BANNED_AT, value)


def age_order(name: str | None) -> int:
    """Where a thing (``t3_…``) stands in the order in which Reddit gave out ids; 0 for None."""
    return int(name.partition("_")[2], 36) if name else 0


def community_ref(community: Community) -> CommunityRef:
    """A stored community, as posts name it."""
    return CommunityRef(
        community.source_id, community.name, horizon_seconds=community.horizon_seconds
    )
