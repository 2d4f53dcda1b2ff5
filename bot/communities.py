"""Which communities are watched, and their settings as they are stored, for every platform."""

import logging
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, Unpack

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.community_settings import CommunityChange, SettingRefused, check_settings
from bot.option_history import with_history
from bot.platform import CommunityRef
from storage.engine.database import Database
from storage.engine.scopes import high_water_scope
from storage.engine.upsert import insert_if_new
from storage.queries.communities import find_community
from storage.tables import Community, Post, WatchedGroup
from storage.types import PlatformName, PostState

log = logging.getLogger(__name__)


async def watch_community(
    database: Database,
    platform: PlatformName,
    ref: CommunityRef,
    *,
    now: datetime,
    high_water: str | None,
    **settings: Unpack[CommunityChange],
) -> tuple[Community, bool]:
    """Watch a community from now on; return it, and whether it was not watched before.

    Args:
        ref: the community as its platform knows it.
        high_water: the platform's id of its newest item: what is older is not ingested.
        settings: changed along with it.

    Raises:
        SettingRefused: a setting cannot be that; nothing was changed.
    """
    async with database.write() as session:
        community = await session.run_sync(find_community, platform, ref.source_id)
        if community is None:
            await session.run_sync(
                insert_if_new,
                Community,
                platform=platform,
                source_id=ref.source_id,
                name=ref.name,
                horizon_seconds=ref.horizon_seconds,
                low_up_to=ref.low_up_to,
                medium_up_to=ref.medium_up_to,
                created_at=now,
                watched=False,
            )
            query = select(Community).filter_by(platform=platform, source_id=ref.source_id)
            community = (await session.scalars(query)).one()
        newly = not community.watched
        if newly:
            community.watched = True
            community.high_water = high_water
        await _change(session, community, {**settings, "name": ref.name})
    return community, newly


async def unwatch_community(database: Database, platform: PlatformName, source_id: str) -> bool:
    """Ingest nothing new in a community; return whether it was watched.

    Posts that were ingested before go on.
    """
    async with database.write() as session:
        community = await session.run_sync(find_community, platform, source_id)
        if community is None or not community.watched:
            return False
        community.watched = False
        return True


async def change_community(
    database: Database,
    community_id: int,
    *,
    now: datetime | None = None,
    **settings: Unpack[CommunityChange],
) -> Community:
    """Change how a community is treated, all of it or, where one setting is refused, nothing.

    A shorter horizon also holds for posts that wait for their score.

    Args:
        now: aware; what options were until now is kept for posts that are read later. None: it
            is not kept.

    Raises:
        SettingRefused: there is no such community, or a setting cannot be that.
    """
    async with database.write() as session:
        community = await session.get(Community, community_id)
        if community is None:
            raise SettingRefused("unknown", "There is no such community.")
        if now is not None and "options" in settings:
            _merge_options(community, with_history(community.options, settings["options"], now))
        await _change(session, community, settings)
    return community


async def revise_options(
    database: Database,
    community_id: int,
    revise: Callable[[Mapping[str, Any]], Mapping[str, Any]],
) -> Community:
    """Change options of a community that depend on what they are; what they were is not kept.

    Of two changes at once none is lost: each is made of what the other left.

    Args:
        revise: is given the options as they are, and returns what becomes of some of them; a value
            of None takes the option away. What it raises changes nothing.

    Raises:
        SettingRefused: there is no such community.
    """
    async with database.write() as session:
        community = await session.get(Community, community_id)
        if community is None:
            raise SettingRefused("unknown", "There is no such community.")
        _merge_options(community, revise(community.options))
    return community


async def add_community(
    database: Database, platform: PlatformName, ref: CommunityRef, *, now: datetime
) -> None:
    """Store a community with the settings that ``ref`` starts it with, unless it is stored."""
    async with database.write() as session:
        await session.run_sync(
            insert_if_new,
            Community,
            platform=platform,
            source_id=ref.source_id,
            name=ref.name,
            horizon_seconds=ref.horizon_seconds,
            created_at=now,
        )


async def watch_group(
    database: Database, platform: PlatformName, source_id: str, *, now: datetime
) -> bool:
    """Watch new communities of a group from now on; return whether that is new."""
    async with database.write() as session:
        return await session.run_sync(
            insert_if_new, WatchedGroup, platform=platform, source_id=source_id, watched_at=now
        )


async def unwatch_group(database: Database, platform: PlatformName, source_id: str) -> bool:
    """Leave new communities of a group alone; return whether they were watched."""
    async with database.write() as session:
        group = await session.scalar(
            select(WatchedGroup).filter_by(platform=platform, source_id=source_id)
        )
        if group is None:
            return False
        await session.delete(group)
        return True


async def watched_groups(session: AsyncSession, platform: PlatformName) -> Mapping[str, datetime]:
    """The groups of a platform whose new communities are watched, each with since when."""
    found = await session.execute(
        select(WatchedGroup.source_id, WatchedGroup.watched_at).filter_by(platform=platform)
    )
    return dict(found.all())


def settings_of(community: Community, options: Collection[str]) -> CommunityChange:
    """The settings of a community, to be given to another.

    Args:
        options: those of its options that go with them; one that is unset is taken away there.
    """
    return CommunityChange(
        horizon_seconds=community.horizon_seconds,
        low_up_to=community.low_up_to,
        medium_up_to=community.medium_up_to,
        reply_mode=community.reply_mode,
        blind=community.blind,
        min_percentile=community.min_percentile,
        quiet_from=community.quiet_from,
        quiet_until=community.quiet_until,
        time_zone=community.time_zone,
        replies_per_minute=community.replies_per_minute,
        guess_seconds=community.guess_seconds,
        guess_score=community.guess_score,
        options={key: community.options.get(key) for key in options},
    )


def pause_replies(community: Community, reason: str, now: datetime) -> None:
    """Stop replying by itself in a community; predictions go on. Needs a write session."""
    community.paused_at, community.paused_reason = now, reason


def resume_replies(community: Community) -> None:
    """End what `pause_replies` began. Needs a write session."""
    community.paused_at = community.paused_reason = None


async def raise_high_water(
    database: Database,
    platform: PlatformName,
    reached: Mapping[str, str],
    *,
    order: Callable[[str | None], int],
) -> None:
    """Store how far communities were read; a mark never moves back.

    Args:
        reached: the newest item that was read, by the community's id on its platform.
        order: where an item's id stands in the order of time; None is before all others.
    """
    async with database.write(alone_in=[high_water_scope(platform)]) as session:
        communities = await session.scalars(
            select(Community).where(
                Community.platform == platform, Community.source_id.in_(reached)
            )
        )
        for community in communities:
            newest = reached[community.source_id]
            if order(newest) > order(community.high_water):
                community.high_water = newest


async def set_option(database: Database, community_id: int, key: str, value: Any) -> bool:
    """Set an option that is unset, or (None) take one away; return whether that changed anything.

    An option that is set already keeps its first value.
    """
    async with database.write() as session:
        community = await session.get_one(Community, community_id)
        if (key in community.options) == (value is not None):
            return False
        _merge_options(community, {key: value})
        return True


async def adopt_settings(database: Database, platform: PlatformName, ref: CommunityRef) -> None:
    """Give a stored community the name, the times and the guessing rules of ``ref``.

    For a community whose settings are those of the program (the local board): the limits for
    what people may set do not hold for it. A shorter horizon also holds for posts that wait for
    their score; where it is longer, the reading that was due turns out to be an early one.
    """
    async with database.write() as session:
        community = await session.run_sync(find_community, platform, ref.source_id)
        if community is None:
            return
        community.name = ref.name
        community.guess_seconds, community.blind = ref.guess_seconds, ref.blind
        if community.horizon_seconds == ref.horizon_seconds:
            return
        log.info(
            "The horizon of %s is now %s s; it was %s s.",
            ref.name, ref.horizon_seconds, community.horizon_seconds,
        )  # fmt: skip
        community.horizon_seconds = ref.horizon_seconds
        await _bring_forward(session, community)


async def _change(session: AsyncSession, community: Community, settings: CommunityChange) -> None:
    for name, value in settings.items():
        if name != "options":
            setattr(community, name, value)
    if "options" in settings:
        _merge_options(community, settings["options"])
    with session.no_autoflush:
        check_settings(community)
        if "horizon_seconds" in settings:
            await _bring_forward(session, community)


def _merge_options(community: Community, options: Mapping[str, Any]) -> None:
    merged = {**community.options, **options}
    # A new dictionary: SQLAlchemy does not notice what changes inside the old one.
    community.options = {key: value for key, value in merged.items() if value is not None}


async def _bring_forward(session: AsyncSession, community: Community) -> None:
    """Posts that would be asked for too late by a horizon that became shorter are asked earlier."""
    horizon = timedelta(seconds=community.horizon_seconds)
    waiting = await session.scalars(
        select(Post).where(
            Post.community_id == community.id,
            Post.state == PostState.AWAITING_SCORE,
            Post.due_at.is_not(None),
        )
    )
    for post in waiting:
        matures_at = post.posted_at + horizon
        if post.due_at is not None and post.due_at > matures_at:
            post.due_at = matures_at
