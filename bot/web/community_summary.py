"""The communities that somebody may see, each with how much is in it and how good Peoria is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.reports.skill import Skill, skill_of
from bot.visibility import Viewer, in_lists
from bot.web.services import Services
from bot.web.visitors import Visitor, viewer_of
from storage.queries.daily_scores import sums_by_community
from storage.tables import Community, Post
from storage.types import PlatformName

#: Posts of a community that are counted, which takes 2 ms; of more it is said that there are more.
MOST_COUNTED = 1000
#: Days that the skill is taken over.
SKILL_DAYS = 30


@dataclass(frozen=True, slots=True)
class CommunitySummary:
    """One community in a list.

    Attributes:
        id: of its row.
        name: as people call it.
        platform: where it is.
        watched: whether new posts are taken up.
        public: whether everybody who opens the board sees it.
        posts: how many there are, at most `MOST_COUNTED`.
        newest: when the newest was posted; None: there are none.
        skill: of what was predicted there in the last `SKILL_DAYS` days; None: nothing was scored.
    """

    id: int
    name: str
    platform: PlatformName
    watched: bool
    public: bool
    posts: int
    newest: datetime | None
    skill: Skill | None

    @property
    def url(self) -> str:
        """Its page."""
        return f"/communities/{self.id}"

    @property
    def more(self) -> bool:
        """Whether there are more posts than were counted."""
        return self.posts >= MOST_COUNTED


async def read_summaries(services: Services, visitor: Visitor) -> list[CommunitySummary]:
    """Every community that the visitor may see: the board's first, then by their newest posts."""
    async with services.database.read() as session:
        viewer = await viewer_of(session, visitor)
        communities = await services.visibility.communities(session, viewer)
        skills = await _skills(session, [each.id for each in communities], services.clock())
        found = [await _summary(session, each, services, viewer, skills) for each in communities]

    def order(each: CommunitySummary) -> tuple[bool, float, int]:
        newest = each.newest.timestamp() if each.newest is not None else 0.0
        return each.platform is not PlatformName.WEB, -newest, each.id

    return sorted(found, key=order)


async def _summary(
    session: AsyncSession,
    community: Community,
    services: Services,
    viewer: Viewer,
    skills: Mapping[int, Skill],
) -> CommunitySummary:
    here = select(Post.id).where(Post.community_id == community.id, in_lists(viewer))
    counted = here.limit(MOST_COUNTED).subquery()
    newest = (
        select(Post.posted_at)
        .where(Post.community_id == community.id, in_lists(viewer))
        .order_by(Post.posted_at.desc())
        .limit(1)
    )
    return CommunitySummary(
        id=community.id,
        name=community.name,
        platform=community.platform,
        watched=community.watched,
        public=services.visibility.is_public(community),
        posts=(await session.scalars(select(func.count()).select_from(counted))).one(),
        newest=await session.scalar(newest),
        skill=skills.get(community.id),
    )


async def _skills(
    session: AsyncSession, community_ids: Sequence[int], now: datetime
) -> dict[int, Skill]:
    after = now.date() - timedelta(days=SKILL_DAYS)
    found = await sums_by_community(session, after=after, communities=community_ids)
    return {community_id: skill_of(*sums) for community_id, sums in found.items()}
