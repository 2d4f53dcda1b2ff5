"""An admin with an empty board: by the pages alone to a watched channel of Discord."""

from collections.abc import AsyncIterator

import pytest

from bot.app import App
from bot.settings import Settings
from bot.web.platform import WebPlatform
from storage.types import PlatformName
from tests.fakes.clock import FakeClock
from tests.fakes.discord import FakeDiscord
from tests.fakes.visitor import visiting


@pytest.fixture
async def fake(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeDiscord]:
    """Discord on this machine; nobody waits for servers that it does not have."""
    monkeypatch.setattr("bot.discord.gateway.client._GUILDS_SECONDS", 0.01)
    async with FakeDiscord(clock=clock) as fake:
        yield fake
        fake.assert_valid()


@pytest.fixture
def settings(settings: Settings, fake: FakeDiscord) -> Settings:
    places = {"discord_api_url": fake.api_url, "discord_gateway_url": fake.gateway_url}
    return settings.model_copy(update=places)


async def test_from_an_empty_page_to_a_watched_channel(
    app: App, board: WebPlatform, fake: FakeDiscord
) -> None:
    async with visiting(board.url) as admin:
        guild = fake.guild("Peoria")
        channel = fake.channel(guild, "memes")
        moderator = fake.member(guild, "moderator", manage_guild=True)
        await admin.become_admin(board.admin_link())
        _, page = await admin.page("/admin")
        assert 'href="/admin/setup"' in page
        async with admin.send("/admin/setup/discord", {"token": fake.token}) as answer:
            page = await answer.text()
        assert answer.status == 200
        assert "https://discord.com/oauth2/authorize" in page
        assert "Peoria signs in by itself" in page
        await app.set_up_later.look()
        await fake.ready()
        _, page = await admin.page("/admin/setup")
        assert "Peoria is signed in." in page
        assert "<code>/watch</code>" in page
        await fake.slash(moderator, channel, "watch")
        _, page = await admin.page("/admin/setup")
        assert "watches 1 of its communities" in page
        _, page = await admin.page("/communities")
        assert "memes" in page
        assert PlatformName.DISCORD in app.platforms
        await app.set_up_later.stop()
