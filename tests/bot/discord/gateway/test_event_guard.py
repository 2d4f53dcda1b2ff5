"""Events that discord.py cannot read: skipped one by one."""

import logging
import random
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.app import App
from bot.discord.gateway.event_guard import guard_events
from bot.discord.platform import DiscordPlatform
from storage.types import PlatformName
from tests.bot.discord.steps import PNG, answered, watch
from tests.fakes.discord import Channel, FakeDiscord, Member
from tests.fakes.discord.odd_events import odd_events

#: As they came once: a reaction without its type, a channel without its name.
REACTION = {
    "user_id": "1", "channel_id": "2", "message_id": "3", "guild_id": "4",
    "emoji": {"id": None, "name": "⬆"}, "burst": False,
}  # fmt: skip


async def test_the_bot_answers_after_events_that_cannot_be_read(
    fake: FakeDiscord,
    discord: DiscordPlatform,
    channel: Channel,
    ann: Member,
    caplog: pytest.LogCaptureFixture,
) -> None:
    guild = channel.guild
    fake.gateway.dispatch("MESSAGE_REACTION_ADD", REACTION, guild=guild)
    nameless = {key: value for key, value in channel.payload().items() if key != "name"}
    fake.gateway.dispatch("CHANNEL_UPDATE", nameless, guild=guild)
    await answered(fake, await fake.post_message(channel, ann, attachments=[PNG]))
    assert fake.gateway.identified == 1
    assert "MESSAGE_REACTION_ADD cannot be read" in caplog.text
    assert discord.name is PlatformName.DISCORD


async def test_one_odd_part_does_not_take_a_server_away(
    app: App, fake: FakeDiscord, discord: DiscordPlatform, ann: Member,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    with patch.object(fake.gateway, "dispatch"):
        other = fake.guild("Another")
        channel, poster = fake.channel(other), fake.member(other, "poster")
    told = other.created(fake.bot)
    told["channels"] = [{"id": "5", "type": 0}, *told["channels"], None, "odd"]
    told["threads"], told["roles"] = [{"id": {}}], [*told["roles"], {"name": "no id"}]
    fake.gateway.dispatch("GUILD_CREATE", told, guild=other)
    await fake.settle()
    await watch(app, channel)
    await answered(fake, await fake.post_message(channel, poster, attachments=[PNG]))
    assert f"Parts of server {other.id} cannot be read and are left out" in caplog.text
    assert fake.gateway.identified == 1


async def test_the_bot_answers_after_a_storm_of_mutated_events(
    fake: FakeDiscord,
    discord: DiscordPlatform,
    channel: Channel,
    ann: Member,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.CRITICAL)
    rng = random.Random(1)  # noqa: S311 - the same events every time
    for event, data in odd_events(fake, channel, rng, 400):
        fake.gateway.dispatch(event, data, guild=channel.guild)
    await fake.settle()
    await answered(fake, await fake.post_message(channel, ann, attachments=[PNG]))
    assert fake.gateway.identified == 1


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(["A", "READY", "RESUMED"]), st.booleans(), min_size=1))
def test_only_events_that_a_session_needs_end_it(fails: dict[str, bool]) -> None:
    read: list[str] = []
    skipped: list[str] = []

    def parser(name: str) -> None:
        if fails[name]:
            raise KeyError(name)
        read.append(name)

    parsers = {name: lambda _, name=name: parser(name) for name in fails}
    guard_events(parsers, lambda name, _: skipped.append(name))
    for name, broken in fails.items():
        if broken and name != "A":
            with pytest.raises(KeyError):
                parsers[name](None)
        else:
            parsers[name](None)
    assert read == [name for name, broken in fails.items() if not broken]
    assert skipped == [name for name, broken in fails.items() if broken and name == "A"]
