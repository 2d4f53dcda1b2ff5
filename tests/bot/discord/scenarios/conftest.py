"""Peoria on a server with a watched channel and three people in it."""

from collections.abc import AsyncIterator

import pytest

from bot.settings import Settings
from tests.bot.discord.scenarios.stage import Stage, peoria
from tests.fakes.clock import FakeClock
from tests.fakes.discord import FakeDiscord


@pytest.fixture(autouse=True)
def few_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    """discord.py waits for the descriptions of more servers; there are none."""
    monkeypatch.setattr("bot.discord.gateway.client._GUILDS_SECONDS", 0.02)


@pytest.fixture
async def fake(clock: FakeClock) -> AsyncIterator[FakeDiscord]:
    """The loopback Discord; at its end all requests must have been valid."""
    async with FakeDiscord(clock=clock) as fake:
        yield fake
        fake.assert_valid()


@pytest.fixture
async def stage(settings: Settings, fake: FakeDiscord, clock: FakeClock) -> AsyncIterator[Stage]:
    """A channel that is watched, an admin, Ann and Bob."""
    guild = fake.guild("Peoria")
    channel = fake.channel(guild, "memes")
    admin = fake.member(guild, "admin", manage_guild=True)
    ann, bob = fake.member(guild, "ann"), fake.member(guild, "bob")
    async with peoria(settings, fake, clock) as app:
        stage = Stage(fake, app, clock, guild, channel, admin, ann, bob)
        await stage.watch(channel)
        yield stage
