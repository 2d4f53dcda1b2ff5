"""Which platforms are another process's: their posts are left to it."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.platform import OneOwner, Platform, PlatformsHere
from storage.tables import Community
from storage.types import PlatformName


def off_duty(platforms: Mapping[PlatformName, Platform]) -> frozenset[PlatformName]:
    """Platforms that another process looks after now, or always."""
    elsewhere = platforms.left_to_others if isinstance(platforms, PlatformsHere) else frozenset()
    return elsewhere | {
        name
        for name, platform in platforms.items()
        if isinstance(platform, OneOwner) and not platform.on_duty
    }


def by_right_of(
    platforms: Mapping[PlatformName, Platform], name: PlatformName
) -> AbstractContextManager[None]:
    """A block of work on a platform's posts: nothing is written once they are another process's."""
    platform = platforms.get(name)
    return platform.guarding() if isinstance(platform, OneOwner) else nullcontext()


def communities_of_others(
    session: Session, platforms: Mapping[PlatformName, Platform]
) -> frozenset[int]:
    """Ids of the communities on platforms that another process looks after now."""
    names = off_duty(platforms)
    if not names:
        return frozenset()
    return frozenset(session.scalars(select(Community.id).where(Community.platform.in_(names))))
