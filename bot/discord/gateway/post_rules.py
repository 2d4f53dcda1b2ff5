"""Whose images are posts in a channel: what its admins set with `/posters`."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

import discord
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.discord.gateway.guild_options import (
    ACCOUNT_DAYS,
    AUTOSTAR,
    IGNORED_PEOPLE,
    IGNORED_ROLES,
    ONLY_PEOPLE,
    ONLY_ROLES,
    POSTS_PER_DAY,
    PROXIED,
)
from storage.tables import Author, Community, Post
from storage.types import PlatformName

_RULES = (
    ACCOUNT_DAYS, IGNORED_PEOPLE, IGNORED_ROLES, ONLY_PEOPLE, ONLY_ROLES, POSTS_PER_DAY,
)  # fmt: skip


def has_rules(options: Mapping[str, Any]) -> bool:
    """Whether not everybody's images are posts."""
    return any(options.get(each) for each in _RULES)


def is_looked_up(options: Mapping[str, Any]) -> bool:
    """Whether the settings of a channel are needed for each of its messages."""
    return has_rules(options) or bool(options.get(AUTOSTAR) or options.get(PROXIED))


def needs_roles(options: Mapping[str, Any]) -> bool:
    """Whether it matters which roles somebody has."""
    return bool(options.get(IGNORED_ROLES) or options.get(ONLY_ROLES))


def takes_from(
    options: Mapping[str, Any],
    *,
    user_id: int,
    person: str,
    roles: Collection[int] | None,
    posted_at: datetime,
) -> bool:
    """Whether somebody's images are posts in a channel with these options.

    Args:
        person: their keyed hash.
        roles: ids of their roles; None: nobody asked for them, and rules about roles do not count.
        posted_at: aware.
    """
    if not is_old_enough(user_id, options.get(ACCOUNT_DAYS), posted_at):
        return False
    if is_ignored(options, person, roles or ()):
        return False
    only_people, only_roles = options.get(ONLY_PEOPLE, ()), options.get(ONLY_ROLES, ())
    if person in only_people:
        return True
    if only_roles:
        return roles is None or not _held(roles).isdisjoint(only_roles)
    return not only_people


def is_ignored(options: Mapping[str, Any], person: str, roles: Collection[int]) -> bool:
    """Whether somebody is left out in a channel: neither are their images posts, nor do they play.

    Args:
        person: their keyed hash.
        roles: ids of their roles.
    """
    if person in options.get(IGNORED_PEOPLE, ()):
        return True
    return not _held(roles).isdisjoint(options.get(IGNORED_ROLES, ()))


def _held(roles: Collection[int]) -> set[str]:
    return {str(each) for each in roles}


def is_old_enough(user_id: int, days: int | None, moment: datetime) -> bool:
    """Whether an account was so many days old at a moment: its id says when it was made."""
    made_at = discord.utils.snowflake_time(user_id)
    return not days or bool(made_at <= moment - timedelta(days=days))


def is_within_limit(
    session: Session, community: Community, person: str, posted_at: datetime
) -> bool:
    """Whether somebody has posted less than is taken of one person in a day."""
    most = community.options.get(POSTS_PER_DAY)
    if not most:
        return True
    query = (
        select(func.count())
        .select_from(Post)
        .join(Author, Author.id == Post.author_id)
        .where(
            Author.platform == PlatformName.DISCORD,
            Author.hash == person,
            Post.community_id == community.id,
            Post.posted_at > posted_at - timedelta(days=1),
        )
    )
    return bool((session.scalar(query) or 0) < most)
