"""The communities of every server, read at once: there may be a thousand servers."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.discord.gateway.guild_options import GUILD
from storage.tables import Community
from storage.types import PlatformName

#: Ids of the communities of servers: here, and on Discord.
Places: TypeAlias = Mapping[str, Sequence[tuple[int, int]]]


async def places_of_servers(session: AsyncSession) -> Places:
    """The communities of every server by its id."""
    rows = await session.execute(
        select(Community.id, Community.source_id, Community.options).filter_by(
            platform=PlatformName.DISCORD
        )
    )
    found: dict[str, list[tuple[int, int]]] = {}
    for row in rows:
        found.setdefault(str(row.options.get(GUILD)), []).append((row.id, int(row.source_id)))
    return found
