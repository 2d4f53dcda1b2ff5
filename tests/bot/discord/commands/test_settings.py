"""/settings: shown, changed, refused."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from bot.app import App
from bot.community_settings import time_zone_exists
from bot.discord.commands.settings_values import read_buckets, read_hours, read_time_zone
from bot.discord.gateway.guild_options import upvote_of
from bot.discord.ui.error_replies import Refused
from storage.tables import Community
from storage.types import ReplyMode
from tests.bot.discord.command_bot import CommandBot
from tests.fakes.discord import Channel, FakeDiscord, Guild, Member, NotOffered


async def community(app: App) -> Community:
    async with app.core.database.read() as session:
        return (await session.scalars(select(Community))).one()


@pytest.fixture
async def watched(fake: FakeDiscord, channel: Channel, admin: Member, bot: CommandBot) -> Channel:
    await fake.slash(admin, channel, "watch")
    return channel


async def test_without_options_it_shows(fake: FakeDiscord, watched: Channel, admin: Member) -> None:
    asked = await fake.slash(admin, watched, "settings")
    assert asked.ephemeral
    assert r"Settings of \#memes" in asked.text
    for line in (
        "Watched: **yes**", "New images: **reply**", "Upvote ⬆️ · downvote ⬇️", "**24 hours**",
        "thirds of what is posted here", "Replies to all images", "No quiet hours",
        "Guessing closes after **1 hour**", "No limit on replies",
    ):  # fmt: skip
        assert line in asked.text


async def test_with_options_it_changes(
    app: App, fake: FakeDiscord, guild: Guild, watched: Channel, admin: Member
) -> None:
    news = fake.channel(guild, "news")
    await fake.settle()
    asked = await fake.slash(
        admin, watched, "settings", upvote="👍", downvote="👎", horizon=1.5, mode="react",
        blind=True, buckets="5 20", min_percentile=60, quiet_hours="22:00-07:30",
        time_zone="Europe/Berlin", replies_per_minute=3, guess_minutes=30, announcements=news,
    )  # fmt: skip
    assert "Changed." in asked.text
    for line in (
        "👍 · downvote 👎", "**1 hour 30 minutes**", "react only",
        "low up to **5**, medium up to **20**",
        "at least **60%**", "from **22:00** to **07:30** (Europe/Berlin)", "At most **3**",
        "**30 minutes**", f"Announcements in <#{news.id}>",
    ):  # fmt: skip
        assert line in asked.text
    stored = await community(app)
    assert (stored.horizon_seconds, stored.reply_mode, stored.blind) == (
        5400,
        ReplyMode.REACT,
        True,
    )
    assert (stored.quiet_from, stored.quiet_until) == (22 * 60, 7 * 60 + 30)
    assert upvote_of(stored.options) == "👍"
    await fake.slash(
        admin, watched, "settings", buckets="terciles", min_percentile=0, quiet_hours="off",
        replies_per_minute=0, announce=False,
    )  # fmt: skip
    stored = await community(app)
    assert (stored.low_up_to, stored.min_percentile, stored.quiet_from) == (None, None, None)
    assert stored.replies_per_minute is None
    asked = await fake.slash(admin, watched, "settings")
    assert "No announcements" in asked.text
    asked = await fake.slash(admin, watched, "settings", announce=True)
    assert "where system messages go" in asked.text


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"buckets": "many"}, "both scores"),
        ({"buckets": "20 5"}, "must be below"),
        ({"quiet_hours": "late"}, "beginning and an end"),
        ({"quiet_hours": "25:00-07:00"}, "times of day"),
        ({"time_zone": "Europe/Atlantis"}, "no such time zone"),
        ({"upvote": "up @everyone"}, "is not an emoji"),
        ({"upvote": "⬇️"}, "must be different"),
    ],
)
async def test_what_cannot_be_is_refused(
    app: App, fake: FakeDiscord, watched: Channel, admin: Member, options: dict[str, Any],
    sentence: str,
) -> None:  # fmt: skip
    asked = await fake.slash(admin, watched, "settings", **options, blind=True)
    assert asked.ephemeral
    assert sentence in asked.text
    assert not (await community(app)).blind


async def test_a_servers_own_emoji_can_be_votes(
    app: App, fake: FakeDiscord, guild: Guild, watched: Channel, admin: Member
) -> None:
    ours = fake.new_id()
    guild.emojis[ours] = "doge"
    await fake.slash(admin, watched, "settings", upvote=f"<:doge:{ours}>")
    assert upvote_of((await community(app)).options) == f"<:doge:{ours}>"
    asked = await fake.slash(admin, watched, "settings", upvote=f"<:doge:{fake.new_id()}>")
    assert "belongs to a server that I am not in" in asked.text


async def test_a_channel_that_is_not_watched_has_none(
    fake: FakeDiscord, channel: Channel, admin: Member, bot: CommandBot
) -> None:
    asked = await fake.slash(admin, channel, "settings")
    assert "Start with `/watch`" in asked.text


async def test_announcements_need_a_channel_to_write_in(
    fake: FakeDiscord, guild: Guild, watched: Channel, admin: Member
) -> None:
    closed = fake.channel(guild, "closed")
    fake.permit(closed, guild.members[fake.bot.id], send_messages=False)
    await fake.settle()
    asked = await fake.slash(admin, watched, "settings", announcements=closed)
    assert "may not write" in asked.text


async def test_it_is_for_admins(fake: FakeDiscord, watched: Channel, ann: Member) -> None:
    with pytest.raises(NotOffered):
        await fake.slash(ann, watched, "settings")


async def test_time_zones_are_offered(fake: FakeDiscord, watched: Channel, admin: Member) -> None:
    offered = await fake.autocomplete(admin, watched, "settings", "time_zone", "new york")
    assert {"name": "America/New_York", "value": "America/New_York"} in [
        {"name": each["name"], "value": each["value"]} for each in offered
    ]
    assert len(await fake.autocomplete(admin, watched, "settings", "time_zone", "")) == 25


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    for read in (read_buckets, read_hours):
        try:
            read(text)
        except Refused:
            continue


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("22:00-07:00", (1320, 420)), ("22.00-07.00", (1320, 420)), ("10pm-7am", (1320, 420)),
        ("10 p.m. to 7:30 a.m.", (1320, 450)), ("12am-12pm", (0, 720)), ("22-7", (1320, 420)),
        ("22 Uhr bis 7 Uhr", (1320, 420)), ("22h30–7h", (1350, 420)),
        ("22:00 \N{EM DASH} 07:00", (1320, 420)), ("OFF", (None, None)),
        ("2200-0700", (1320, 420)), ("from 22:00 to 7:00", (1320, 420)),
        ("between 10 p. m. and 7 a.m.", (1320, 420)), ("22:00:00-24:00", (1320, 0)),
        ("midnight to noon", (0, 720)), ("2\N{FULLWIDTH DIGIT TWO}:00~07:00", (1320, 420)),
    ],
)  # fmt: skip
def test_quiet_hours_are_read_as_people_write_them(
    text: str, minutes: tuple[int | None, int | None]
) -> None:
    assert read_hours(text) == minutes


@pytest.mark.parametrize("text", ["13pm-7am", "0am-7am", "24:00-07:00", "22:60-07:00"])
def test_times_that_there_are_not(text: str) -> None:
    with pytest.raises(Refused) as refused:
        read_hours(text)
    assert refused.value.key == "refused.quiet_range"


@given(st.integers(0, 23), st.integers(0, 59), st.sampled_from([":", ".", "h"]))
def test_every_time_of_day_comes_out_as_it_went_in(hour: int, minute: int, sign: str) -> None:
    time = hour * 60 + minute
    assert read_hours(f"{hour:02}{sign}{minute:02}-{hour}{sign}{minute:02}") == (time, time)


@pytest.mark.parametrize(
    ("text", "ahead"),
    [("UTC+2", 2), ("utc +02:00", 2), ("GMT-5", -5), ("+0300", 3), ("UTC−4", -4), ("UTC", 0),
     ("Etc/GMT-2", 2), ("Asia/Tokyo", 9), ("UTC+0", 0), ("asia/tokyo", 9), ("Tokyo", 9),
     ("UTC+5:30", 5.5), ("-09:30", -9.5), ("Z", 0)],
)  # fmt: skip
def test_hours_from_utc_are_a_time_zone(text: str, ahead: float) -> None:
    name = read_time_zone(text)
    assert datetime(2026, 1, 1, tzinfo=ZoneInfo(name)).utcoffset() == timedelta(hours=ahead)
    assert time_zone_exists(name)


async def test_channels_that_are_watched_later_start_like_the_template(
    app: App, fake: FakeDiscord, guild: Guild, watched: Channel, admin: Member
) -> None:
    asked = await fake.slash(
        admin, watched, "settings", upvote="🎉", horizon=6.0, template=True, stickers=True
    )
    assert "that are watched later start with these settings" in asked.text
    later, elsewhere = fake.channel(guild, "later"), fake.channel(fake.guild("Other"), "pictures")
    await fake.settle()
    boss = fake.member(elsewhere.guild, "boss", manage_guild=True)  # type: ignore[arg-type]
    await fake.slash(admin, later, "watch")
    await fake.slash(boss, elsewhere, "watch")
    asked = await fake.slash(admin, later, "settings")
    for words in ("Upvote 🎉", "**6 hours**", "Stickers count"):
        assert words in asked.text
    # It is no template itself, and another server has nothing of it.
    assert "watched later" not in asked.text
    assert "Upvote ⬆️" in (await fake.slash(boss, elsewhere, "settings")).text
