"""Whether predictions and labels are still as they were when the champion was made.

Predictions go on being made and scored in a community where Peoria paused its replies, so that
it is found out when they are good again. What is done about it: bot/operations/health_check.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.league.intervals import Interval
from bot.reports.label_shift import Shift, read_label_shifts
from bot.reports.skill import Skill, skill_of
from storage.queries.daily_scores import ScoreSums, sums_by_community
from storage.tables import Community, ModelVersion, TrainingRun

#: The champion's skill is that of the labels of so many days.
SKILL_DAYS = 14
#: Fewer scored posts than this say nothing about skill.
MIN_SCORED = 50


@dataclass(frozen=True, slots=True)
class CommunityHealth:
    """How good the champion's recent predictions are in one community.

    Attributes:
        community: which one.
        skill: over its labels of the last `SKILL_DAYS` days; None where there are none.
        shift: how its labels changed; None where there are too few to tell.
    """

    community: Community
    skill: Skill | None
    shift: Shift | None

    @property
    def is_worse_than_base(self) -> bool:
        """Whether the whole interval of the skill lies below 0, on enough posts."""
        if self.skill is None or self.skill.n < MIN_SCORED or self.skill.interval is None:
            return False
        return self.skill.interval[1] < 0


@dataclass(frozen=True, slots=True)
class ChampionHealth:
    """How good the champion's recent predictions are in all communities together.

    Attributes:
        champion: the version that serves.
        recent: its skill over the labels of the last `SKILL_DAYS` days; None where there are none.
        when_made: the interval of the skill that it was judged to have when it was made; None
            for a version that was not made here.
    """

    champion: ModelVersion
    recent: Skill | None
    when_made: Interval | None

    @property
    def is_worse_than_made(self) -> bool:
        """Whether the whole interval lies below the one that it was made with, on enough posts."""
        if self.recent is None or self.recent.n < MIN_SCORED or self.recent.interval is None:
            return False
        return self.when_made is not None and self.recent.interval[1] < self.when_made[0]


async def champion_health(session: AsyncSession, now: datetime) -> ChampionHealth | None:
    """How good the champion is in all communities together; None without a champion."""
    champion = await session.scalar(select(ModelVersion).where(ModelVersion.is_champion))
    if champion is None:
        return None
    sums = await _sums(session, champion.id, now)
    total = [sum(column) for column in zip(*sums.values(), strict=True)]
    # A version from elsewhere was judged on other communities.
    made_here = await session.scalar(
        select(TrainingRun.id).where(TrainingRun.model_version_id == champion.id).limit(1)
    )
    when_made = made_here and champion.metrics.get("intervals", {}).get("rps_skill")
    return ChampionHealth(
        champion,
        skill_of(*ScoreSums(*total)) if total else None,
        (when_made[0], when_made[1]) if when_made else None,
    )


async def community_health(session: AsyncSession, now: datetime) -> list[CommunityHealth]:
    """How good the champion is in each community, by name."""
    champion_id = await session.scalar(select(ModelVersion.id).where(ModelVersion.is_champion))
    skills = {} if champion_id is None else await _sums(session, champion_id, now)
    shifts = await read_label_shifts(session, now)
    communities = (await session.scalars(select(Community).order_by(Community.name))).all()
    found = []
    for community in communities:
        sums = skills.get(community.id)
        skill = skill_of(*sums) if sums else None
        found.append(CommunityHealth(community, skill, shifts.get(community.id)))
    return found


async def _sums(session: AsyncSession, version_id: int, now: datetime) -> Mapping[int, ScoreSums]:
    """What a version's predictions of the last days scored, by community."""
    after = now.date() - timedelta(days=SKILL_DAYS)
    return await sums_by_community(session, after=after, version_id=version_id)
