"""A server with a channel and two people in it, and the bot's commands."""

from collections.abc import AsyncIterator

import pytest

from bot.app import App
from bot.settings import Settings
from tests.bot.discord.commands.commanding import Commanding, commanding
from tests.fakes.discord import FakeDiscord, Guild, Member


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"download_allow_hosts": ("127.0.0.1",)})


@pytest.fixture
async def fake() -> AsyncIterator[FakeDiscord]:
    # Commands have to work without the content of messages.
    async with FakeDiscord(message_content=False) as fake:
        yield fake
        fake.assert_valid()


@pytest.fixture
async def bot(fake: FakeDiscord, app: App, guild: Guild) -> AsyncIterator[Commanding]:
    async with commanding(fake, app) as bot:
        yield bot


@pytest.fixture
def admin(fake: FakeDiscord, guild: Guild) -> Member:
    member = fake.member(guild, "the admin")
    fake.grant(member, manage_guild=True)
    return member
