"""Beginning to watch a channel, and what is followed by itself: new channels of a category."""

import discord
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.communities import settings_of, watch_community, watched_groups
from bot.community_settings import CommunityChange
from bot.core import Core
from bot.discord.gateway.channels import WatchedChannel
from bot.discord.gateway.guild_options import GUILD, SETTINGS, TEMPLATE, THREADS
from bot.discord.gateway.thread_rule import ThreadRule
from bot.platform import CommunityRef
from storage.files.post_values import storable
from storage.queries.communities import find_community
from storage.tables import Community
from storage.types import PlatformName


async def watch_channel(
    core: Core,
    channel: WatchedChannel,
    *,
    name: str | None = None,
    settings: CommunityChange | None = None,
) -> tuple[Community, bool]:
    """Watch a channel from now on; return its community, and whether it was not watched before.

    Args:
        name: what it is called, where the channel's own name is not known.
        settings: what it starts with; None: what it has, or those of its server's template, or
            the usual ones.
    """
    if settings is None:
        settings = await core.database.run_read(lambda session: _template_for(session, channel))
    change: CommunityChange = {**settings} if settings else {}
    change["options"] = {**change.get("options", {}), GUILD: str(channel.guild.id)}
    return await watch_community(
        core.database,
        PlatformName.DISCORD,
        CommunityRef(str(channel.id), storable(name or f"#{channel.name}")),
        now=core.clock(),
        # What was posted before is history: it was not asked about.
        high_water=_newest_message(core, channel),
        **change,
    )


async def follow_channel(core: Core, channel: WatchedChannel, category_id: int | None) -> bool:
    """Watch a channel if new channels of its category are watched; return whether it is new.

    It starts with the settings of the first channel of the category. One that was watched before,
    or that somebody ended watching, stays as it is.
    """
    if category_id is None:
        return False
    async with core.database.read() as session:
        groups = await watched_groups(session, PlatformName.DISCORD)
        if str(category_id) not in groups:
            return False
        known = await session.run_sync(find_community, PlatformName.DISCORD, str(channel.id))
        first = await session.run_sync(_first_of, channel.guild, category_id)
    if known is not None:
        return False
    settings = None if first is None else settings_to_copy(first, channel)
    _, newly = await watch_channel(core, channel, settings=settings)
    return newly


def settings_to_copy(source: Community, channel: WatchedChannel) -> CommunityChange:
    """The settings of one channel, to be given to another."""
    settings = settings_of(source, SETTINGS)
    if (
        isinstance(channel, discord.ForumChannel)
        and settings["options"][THREADS] == ThreadRule.NONE
    ):
        # A forum has nothing but threads: nothing at all would be watched of it.
        settings["options"] = {**settings["options"], THREADS: None}
    return settings


def _template_for(session: Session, channel: WatchedChannel) -> CommunityChange | None:
    """The settings of the server's template, for a channel that has none yet."""
    if find_community(session, PlatformName.DISCORD, str(channel.id)) is not None:
        return None
    found = session.scalars(
        select(Community).filter_by(platform=PlatformName.DISCORD).order_by(Community.id)
    )
    here = str(channel.guild.id)
    templates = [
        each for each in found if each.options.get(GUILD) == here and each.options.get(TEMPLATE)
    ]
    # Of several the one that was watched last.
    return settings_to_copy(templates[-1], channel) if templates else None


def channels_of(category: discord.CategoryChannel) -> list[WatchedChannel]:
    """The channels of a category that can be watched, in their order."""
    return [each for each in category.channels if isinstance(each, WatchedChannel)]


def _first_of(session: Session, guild: discord.Guild, category_id: int) -> Community | None:
    category = guild.get_channel(category_id)
    if not isinstance(category, discord.CategoryChannel):
        return None
    found = [
        find_community(session, PlatformName.DISCORD, str(each.id))
        for each in channels_of(category)
    ]
    watched = [each for each in found if each is not None and each.watched]
    return min(watched, key=lambda each: each.id, default=None)


def _newest_message(core: Core, channel: WatchedChannel) -> str | None:
    threads = getattr(channel, "threads", ())
    if isinstance(channel, discord.ForumChannel):
        # Its newest thread says nothing of what was posted in older ones.
        return str(discord.utils.time_snowflake(core.clock()))
    newest = max(int(each.last_message_id or 0) for each in (channel, *threads))
    return str(newest) if newest else None
