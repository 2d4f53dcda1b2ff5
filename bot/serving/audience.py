"""Whom an image is predicted for: a community, its buckets and what is known of its past."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from bot.serving.champion import ChampionRef, version_of
from bot.serving.experts import Standing, read_standing
from bot.serving.score_scale import bucket_rule, read_quantiles
from models.features import Record
from models.percentiles import BucketRule, Quantiles
from models.records import community_record
from storage.engine.database import Database
from storage.queries.communities import find_named_community
from storage.tables import Community


@dataclass(frozen=True, slots=True)
class Audience:
    """The community that an image is for, and what is known of it.

    Attributes:
        name: of the community; None: of no known community.
        rule: where its buckets begin and end.
        quantiles: of its recent scores, or of its platform's.
        record: how its posts did so far.
        standing: what its labels say of the experts; None: the head alone is asked.
        community_id: of the community's row; None: of no known community.
        time_zone: by which clocks people there live.
        version: what serves there where that is not the champion alone; None: it is.
    """

    name: str | None
    rule: BucketRule
    quantiles: Quantiles
    record: Record
    standing: Standing | None = None
    community_id: int | None = None
    time_zone: str = "UTC"
    version: ChampionRef | None = None


async def find_audience(database: Database, name: str | None, now: datetime) -> Audience:
    """The community called ``name``; without a name no community.

    Raises:
        UnknownCommunity: there is none of that name, or several.
    """
    async with database.read() as session:
        community = None if name is None else await session.run_sync(find_named_community, name)
        return await session.run_sync(audience_of, community, now)


def audience_of(session: Session, community: Community | None, now: datetime) -> Audience:
    """What is known of a community at the moment ``now``; of None, that nothing is known."""
    if community is None:
        return Audience(None, BucketRule(), Quantiles((), "none"), Record.empty())
    return Audience(
        name=community.name,
        rule=bucket_rule(community),
        quantiles=read_quantiles(session, community, before=now),
        record=community_record(session, community.id, now),
        standing=read_standing(session, community.id),
        community_id=community.id,
        time_zone=community.time_zone,
        version=version_of(session, community),
    )
