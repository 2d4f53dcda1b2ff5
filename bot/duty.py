"""What is another process's: platforms, or communities of one. Their posts are left to it."""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from bot.platform import OneOwner, Platform, PlatformsHere, SharedOut
from storage.tables import Community
from storage.types import PlatformName


def off_duty(platforms: Mapping[PlatformName, Platform]) -> frozenset[PlatformName]:
    """Platforms that another process looks after now, or always."""
    elsewhere = platforms.left_to_others if isinstance(platforms, PlatformsHere) else frozenset()
    return elsewhere | {
        name
        for name, platform in platforms.items()
        if isinstance(platform, OneOwner)
        and not isinstance(platform, SharedOut)
        and not platform.on_duty
    }


def by_right_of(
    platforms: Mapping[PlatformName, Platform], name: PlatformName, communities: Iterable[str]
) -> AbstractContextManager[None]:
    """A block of work on a platform's posts: nothing is written once they are another process's.

    Args:
        platforms: of this process.
        name: the platform's.
        communities: source ids of those that the posts are in.
    """
    platform = platforms.get(name)
    if isinstance(platform, SharedOut):
        return platform.guarding_in(communities)
    return platform.guarding() if isinstance(platform, OneOwner) else nullcontext()


def communities_of_others(
    session: Session, platforms: Mapping[PlatformName, Platform]
) -> frozenset[int]:
    """Ids of the communities that another process looks after now."""
    theirs: list[ColumnElement[bool]] = []
    if names := off_duty(platforms):
        theirs.append(Community.platform.in_(names))
    for name, platform in platforms.items():
        if not isinstance(platform, SharedOut) or (division := platform.division) is None:
            continue
        named = func.lower(Community.source_id).in_(division.named)
        if division.rest and division.named:
            theirs.append(and_(Community.platform == name, named))
        elif not division.rest:
            theirs.append(and_(Community.platform == name, ~named))
    if not theirs:
        return frozenset()
    return frozenset(session.scalars(select(Community.id).where(or_(*theirs))))
