"""Which communities are watched, and what their settings may be."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from bot.app import App
from bot.communities import (
    add_community,
    adopt_settings,
    change_community,
    raise_high_water,
    set_option,
    unwatch_community,
    watch_community,
)
from bot.community_settings import SettingRefused, time_zone_exists
from bot.platform import CommunityRef
from storage.engine.database import Database
from storage.tables import Author, Community, Post
from storage.types import PlatformName, PostState, ReplyMode
from tests.fakes.clock import FakeClock
from tests.fakes.platform import incoming
from tests.fixtures import images
from tests.fixtures.rows import MOMENT, row

PICTURE = images.encode(images.photo(), "PNG")
REF = CommunityRef("1234", "#memes")


@pytest.fixture
async def community(database: Database) -> int:
    async with database.write() as session:
        session.add(row(Community, options={"upvote": "⬆️"}))
    return 1


async def test_watching_begins_ends_and_begins_again(database: Database) -> None:
    async def watch(high_water: str) -> tuple[Community, bool]:
        return await watch_community(
            database, PlatformName.DISCORD, REF, now=MOMENT, high_water=high_water, blind=True
        )

    community, newly = await watch("10")
    assert (newly, community.watched, community.high_water, community.blind) == (
        True, True, "10", True,
    )  # fmt: skip
    community, newly = await watch("20")
    # Watched already: what came since is not skipped.
    assert (newly, community.high_water) == (False, "10")
    assert await unwatch_community(database, PlatformName.DISCORD, "1234")
    assert not await unwatch_community(database, PlatformName.DISCORD, "1234")
    assert not await unwatch_community(database, PlatformName.REDDIT, "1234")
    community, newly = await watch("30")
    # What came while nobody watched is not taken up.
    assert (newly, community.high_water) == (True, "30")
    async with database.read() as session:
        assert len((await session.scalars(select(Community))).all()) == 1


async def test_a_refused_setting_watches_nothing(database: Database) -> None:
    with pytest.raises(SettingRefused):
        await watch_community(
            database, PlatformName.DISCORD, REF, now=MOMENT, high_water=None, horizon_seconds=1
        )
    async with database.read() as session:
        assert (await session.scalars(select(Community))).all() == []


async def test_settings_are_changed(database: Database, community: int) -> None:
    changed = await change_community(
        database, community, horizon_seconds=3600, reply_mode=ReplyMode.REACT, blind=True,
        low_up_to=5, medium_up_to=20, min_percentile=0.5, quiet_from=0, quiet_until=1439,
        time_zone="Europe/Berlin", replies_per_minute=3, guess_seconds=600, guess_score=10,
        options={"downvote": "⬇️"},
    )  # fmt: skip
    assert changed.options == {"upvote": "⬆️", "downvote": "⬇️"}
    changed = await change_community(
        database, community, low_up_to=None, medium_up_to=None, min_percentile=None,
        quiet_from=None, quiet_until=None, replies_per_minute=None, options={"upvote": None},
    )  # fmt: skip
    assert (changed.options, changed.low_up_to, changed.blind) == ({"downvote": "⬇️"}, None, True)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"horizon_seconds": 599}, "horizon"),
        ({"horizon_seconds": 31 * 86400}, "horizon"),
        ({"low_up_to": 5}, "thresholds_pair"),
        ({"medium_up_to": 5}, "thresholds_pair"),
        ({"low_up_to": 5, "medium_up_to": 5}, "thresholds_order"),
        ({"min_percentile": 1.01}, "min_percentile"),
        ({"min_percentile": float("nan")}, "min_percentile"),
        ({"quiet_from": 5}, "quiet_pair"),
        ({"quiet_from": 1440, "quiet_until": 5}, "quiet_range"),
        ({"time_zone": "Europe/Atlantis"}, "time_zone"),
        ({"replies_per_minute": 0}, "replies_per_minute"),
        ({"replies_per_minute": 61}, "replies_per_minute"),
        ({"guess_seconds": 59}, "guess_seconds"),
        ({"guess_score": 0}, "guess_score"),
    ],
)
async def test_what_cannot_be_is_refused_and_changes_nothing(
    database: Database, community: int, settings: dict[str, Any], reason: str
) -> None:
    with pytest.raises(SettingRefused) as refused:
        await change_community(database, community, **settings, blind=True)
    assert refused.value.reason == reason
    assert str(refused.value).endswith(".")
    async with database.read() as session:
        stored = await session.get_one(Community, community)
    assert not stored.blind
    assert all(getattr(stored, name) != value for name, value in settings.items())


async def test_an_unknown_community_is_refused(database: Database) -> None:
    with pytest.raises(SettingRefused, match="no such community"):
        await change_community(database, 99, blind=True)


async def test_a_shorter_horizon_holds_for_posts_that_wait(app: App, clock: FakeClock) -> None:
    post_id = await app.pipeline.accept(
        PlatformName.REDDIT, incoming("one", PICTURE, posted_at=clock(), horizon=86400)
    )
    assert post_id is not None
    await app.pipeline.advance(post_id)
    async with app.core.database.write() as session:
        await session.execute(update(Post).values(due_at=clock() + timedelta(hours=24)))
        community_id = (await session.scalars(select(Community.id))).one()
    await change_community(app.core.database, community_id, horizon_seconds=7200)
    async with app.core.database.read() as session:
        post = await session.get_one(Post, post_id)
    assert post.due_at == post.posted_at + timedelta(hours=2)


@given(st.text())
def test_any_text_is_a_time_zone_or_not(name: str) -> None:
    assert time_zone_exists(name) in (True, False)


@pytest.mark.parametrize("name", ["", ".", "..", "/etc/passwd", "Europe", "a" * 300, "Europe/\0"])
def test_what_is_no_time_zone(name: str) -> None:
    assert not time_zone_exists(name)


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires"])
def test_what_is_one(name: str) -> None:
    assert time_zone_exists(name)


async def test_a_community_is_added_once(database: Database) -> None:
    for name in ("#memes", "another name"):
        ref = CommunityRef("1234", name, horizon_seconds=1200)
        await add_community(database, PlatformName.DISCORD, ref, now=MOMENT)
    async with database.read() as session:
        stored = (await session.scalars(select(Community))).one()
    assert (stored.name, stored.horizon_seconds, stored.created_at) == ("#memes", 1200, MOMENT)


@pytest.mark.parametrize(
    ("before", "reached", "after"),
    [(None, "9", "9"), ("9", "10", "10"), ("10", "9", "10"), ("10", "10", "10")],
)
async def test_a_high_water_mark_never_moves_back(
    database: Database, community: int, before: str | None, reached: str, after: str
) -> None:
    async with database.write() as session:
        await session.execute(update(Community).values(high_water=before))
    marks = {"test": reached, "unknown": "1"}
    await raise_high_water(database, PlatformName.REDDIT, marks, order=lambda mark: int(mark or 0))
    async with database.read() as session:
        assert (await session.get_one(Community, community)).high_water == after


async def test_an_option_keeps_its_first_value_until_it_is_taken_away(
    database: Database, community: int
) -> None:
    async def options() -> Any:
        async with database.read() as session:
            return (await session.get_one(Community, community)).options

    assert await set_option(database, community, "banned_at", "today")
    assert not await set_option(database, community, "banned_at", "tomorrow")
    assert await options() == {"upvote": "⬆️", "banned_at": "today"}
    assert await set_option(database, community, "banned_at", None)
    assert not await set_option(database, community, "banned_at", None)
    assert await options() == {"upvote": "⬆️"}


@pytest.mark.parametrize(("horizon", "due"), [(60, 60), (7200, 3600), (3600, 3600)])
async def test_settings_of_the_program_are_adopted(
    database: Database, community: int, horizon: int, due: int
) -> None:
    async with database.write() as session:
        await session.execute(update(Community).values(horizon_seconds=3600))
        session.add(row(Author))
        await session.flush()
        session.add(
            row(
                Post,
                state=PostState.AWAITING_SCORE,
                predicted_at=MOMENT,
                due_at=MOMENT + timedelta(seconds=3600),
            )
        )
    # Shorter than people may set it: the board's horizon may be a minute.
    ref = CommunityRef("test", "Main Street", horizon_seconds=horizon, guess_seconds=30, blind=True)
    await adopt_settings(database, PlatformName.REDDIT, ref)
    await adopt_settings(database, PlatformName.REDDIT, CommunityRef("unknown", "Elsewhere"))
    async with database.read() as session:
        stored = await session.get_one(Community, community)
        post = (await session.scalars(select(Post))).one()
    assert (stored.name, stored.horizon_seconds) == ("Main Street", horizon)
    assert (stored.guess_seconds, stored.blind) == (30, True)
    assert post.due_at == MOMENT + timedelta(seconds=due)
