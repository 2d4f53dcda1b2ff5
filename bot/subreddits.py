"""Which subreddits are watched: those of the settings, and those that were chosen while it runs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.communities import watch_community
from bot.platform import CommunityRef
from bot.setting_types import read_subreddits
from storage.engine.database import Database
from storage.tables import Community
from storage.types import PlatformName

#: Key of `Community.options`: when somebody chose, on the board or in a message, to watch it.
CHOSEN_AT: Final = "chosen_at"


async def watch_subreddit(
    database: Database, text: str, *, horizon_seconds: int, now: datetime
) -> Community:
    """Watch a subreddit from now on, without naming it in the settings; return its community.

    Args:
        text: its name or address, as people write it: ``r/aww``, ``u/somebody``.
        horizon_seconds: age at which a score is final, if the subreddit is new.

    Raises:
        ValueError: it is not the name of one subreddit; the message says what is wrong.
    """
    names = read_subreddits((text.strip(),))
    found = await _find(database, names[0])
    name = names[0] if found is None else found.source_id
    ref = CommunityRef(name, subreddit_title(name), horizon_seconds=horizon_seconds)
    community, _ = await watch_community(
        database,
        PlatformName.REDDIT,
        ref,
        now=now,
        high_water=None,
        options={CHOSEN_AT: now.isoformat()},
    )
    return community


async def chosen_subreddits(session: AsyncSession) -> Sequence[str]:
    """The subreddits that were chosen and are watched, the oldest first."""
    query = select(Community).where(
        Community.platform == PlatformName.REDDIT, Community.watched.is_(True)
    )
    found = await session.scalars(query.order_by(Community.id))
    return [each.source_id for each in found if CHOSEN_AT in each.options]


def subreddit_title(name: str) -> str:
    """What a subreddit is called; the page of an account is one, with a name of its own form."""
    return f"u/{name[2:]}" if name.lower().startswith("u_") else f"r/{name}"


async def _find(database: Database, name: str) -> Community | None:
    """The community of a subreddit; Reddit does not tell capitals from small letters."""
    async with database.read() as session:
        query = select(Community).where(
            Community.platform == PlatformName.REDDIT,
            func.lower(Community.source_id) == name.lower(),
        )
        found: Community | None = await session.scalar(query.order_by(Community.id).limit(1))
        return found
