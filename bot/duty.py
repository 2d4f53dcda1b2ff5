"""Which platforms are another process's now: their posts are left to it."""

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.platform import OneOwner, Platform
from storage.tables import Community
from storage.types import PlatformName


def off_duty(platforms: Mapping[PlatformName, Platform]) -> frozenset[PlatformName]:
    """Platforms that are set up here and that another process looks after now."""
    return frozenset(
        name
        for name, platform in platforms.items()
        if isinstance(platform, OneOwner) and not platform.on_duty
    )


def communities_of_others(
    session: Session, platforms: Mapping[PlatformName, Platform]
) -> frozenset[int]:
    """Ids of the communities on platforms that another process looks after now."""
    names = off_duty(platforms)
    if not names:
        return frozenset()
    return frozenset(session.scalars(select(Community.id).where(Community.platform.in_(names))))
