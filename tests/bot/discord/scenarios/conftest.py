"""Peoria on a server with a watched channel and three people in it."""

from collections.abc import AsyncIterator

import pytest

from bot.settings import Settings
from tests.bot.discord.scenarios.scene import Scene, peoria
from tests.fakes.clock import FakeClock
from tests.fakes.discord import FakeDiscord


@pytest.fixture
async def scene(settings: Settings, fake: FakeDiscord, clock: FakeClock) -> AsyncIterator[Scene]:
    """A channel that is watched, an admin, Ann and Bob."""
    guild = fake.guild("Peoria")
    channel = fake.channel(guild, "memes")
    admin = fake.member(guild, "admin", manage_guild=True)
    ann, bob = fake.member(guild, "ann"), fake.member(guild, "bob")
    async with peoria(settings, fake, clock) as app:
        scene = Scene(fake, app, clock, guild, channel, admin, ann, bob)
        await scene.watch(channel)
        yield scene
