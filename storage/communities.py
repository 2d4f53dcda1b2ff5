"""Communities and their recent scores."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.tables import Author, Community, Label
from storage.types import Platform


async def find_community(
    session: AsyncSession, platform: Platform, source_id: str
) -> Community | None:
    """The community with the platform's id ``source_id``, if it was ever seen."""
    found: Community | None = await session.scalar(
        select(Community).filter_by(platform=platform, source_id=source_id)
    )
    return found


async def find_or_add_author(session: AsyncSession, platform: Platform, person: str) -> Author:
    """The author with the keyed hash ``person``. Needs a write session."""
    author = await session.scalar(select(Author).filter_by(platform=platform, hash=person))
    if author is None:
        author = Author(platform=platform, hash=person)
        session.add(author)
        await session.flush()
    return author


async def recent_scores(
    session: AsyncSession,
    community_id: int,
    *,
    before: datetime,
    limit: int,
    without_post: int | None = None,
) -> Sequence[float]:
    """Scores of the community's newest labels that matured by ``before``, newest first."""
    query = (
        select(Label.score)
        .where(Label.community_id == community_id, Label.matured_at <= before)
        .order_by(Label.matured_at.desc(), Label.post_id.desc())
        .limit(limit)
    )
    if without_post is not None:
        query = query.where(Label.post_id != without_post)
    return (await session.scalars(query)).all()


async def platform_scores(
    session: AsyncSession, platform: Platform, *, before: datetime, limit: int
) -> Sequence[float]:
    """Scores of the newest labels of a whole platform that matured by ``before``."""
    query = (
        select(Label.score)
        .join(Community, Community.id == Label.community_id)
        .where(Community.platform == platform, Label.matured_at <= before)
        .order_by(Label.matured_at.desc())
        .limit(limit)
    )
    return (await session.scalars(query)).all()
