"""Peoria as a bot on the loopback Discord: a server with a watched channel, and people in it."""

from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from bot.app import App
from bot.discord.platform import DiscordPlatform
from bot.settings import Settings
from storage.types import PlatformName
from tests.bot.discord.command_bot import CommandBot, command_bot
from tests.bot.discord.steps import watch
from tests.fakes.clock import FakeClock
from tests.fakes.discord import Channel, FakeDiscord, Guild, Member


@pytest.fixture(autouse=True)
def servers_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for servers that this Discord does not have."""
    monkeypatch.setattr("bot.discord.gateway.client._GUILDS_SECONDS", 0.01)
    monkeypatch.setattr("bot.discord.gateway.identify_turns.IDENTIFY_SECONDS", 0.01)


@pytest.fixture
def message_content() -> bool:
    """Whether the bot may read what messages hold."""
    return True


@pytest.fixture
async def fake(clock: FakeClock, message_content: bool) -> AsyncIterator[FakeDiscord]:
    """The loopback Discord; at its end all requests must have been valid."""
    async with FakeDiscord(clock=clock, message_content=message_content) as fake:
        yield fake
        fake.assert_valid()


@pytest.fixture
def settings(settings: Settings, fake: FakeDiscord) -> Settings:
    return settings.model_copy(
        update={
            "discord_token": SecretStr(fake.token),
            "discord_api_url": fake.api_url,
            "discord_gateway_url": fake.gateway_url,
            "download_allow_hosts": ("127.0.0.1",),
        }
    )


@pytest.fixture
async def discord(app: App, fake: FakeDiscord, channel: Channel) -> AsyncIterator[DiscordPlatform]:
    """The bot, connected, watching `channel`."""
    await watch(app, channel)
    platform = app.platforms[PlatformName.DISCORD]
    assert isinstance(platform, DiscordPlatform)
    await platform.start()
    await fake.ready()
    yield platform
    await platform.stop()


@pytest.fixture
async def bot(fake: FakeDiscord, app: App, guild: Guild) -> AsyncIterator[CommandBot]:
    """A client that has the commands and nothing else."""
    async with command_bot(fake, app) as bot:
        yield bot


@pytest.fixture
def guild(fake: FakeDiscord) -> Guild:
    return fake.guild("Peoria")


@pytest.fixture
def channel(fake: FakeDiscord, guild: Guild) -> Channel:
    return fake.channel(guild, "memes")


@pytest.fixture
def ann(fake: FakeDiscord, guild: Guild) -> Member:
    return fake.member(guild, "ann")


@pytest.fixture
def bob(fake: FakeDiscord, guild: Guild) -> Member:
    return fake.member(guild, "bob")


@pytest.fixture
def admin(fake: FakeDiscord, guild: Guild) -> Member:
    member = fake.member(guild, "the admin")
    fake.grant(member, manage_guild=True)
    return member
