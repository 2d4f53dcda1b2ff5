"""What of the tables concerns one server: nobody reads here what happened on another."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.discord.gateway.guild_options import GUILD
from storage.queries.label_sums import ALL_TIME
from storage.tables import Author, Community, Standing
from storage.types import ForecasterKind, PlatformName


async def communities_of(session: AsyncSession, guild_id: int) -> Sequence[Community]:
    """The channels of a server that are or were watched, the oldest first."""
    found = await session.scalars(
        select(Community).filter_by(platform=PlatformName.DISCORD).order_by(Community.id)
    )
    return [each for each in found if each.options.get(GUILD) == str(guild_id)]


async def players_of(
    session: AsyncSession, communities: Sequence[Community], authors: Sequence[int]
) -> dict[int, str | None]:
    """Those of ``authors`` whose guesses were scored in one of ``communities``: their sealed ids.

    Only they may be called by their names there: the others are of other servers.
    """
    found = await session.execute(
        select(Author.id, Author.sealed_id)
        .join(Standing, Standing.forecaster_id == Author.id)
        .where(
            Standing.season == ALL_TIME,
            Standing.kind == ForecasterKind.PERSON,
            Standing.community_id.in_([each.id for each in communities]),
            Standing.forecaster_id.in_(authors),
        )
    )
    return dict(found.all())
