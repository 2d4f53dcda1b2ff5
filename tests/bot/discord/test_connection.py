"""Getting in, staying in, being thrown out."""

import asyncio
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from bot.app import App, build
from bot.core import Core
from bot.discord.platform import DiscordPlatform
from bot.platform import PlatformRefused, PlatformUnavailable
from storage.tables import Notice
from tests.bot.discord.steps import PNG, answered, connected, watch
from tests.fakes.discord import Channel, FakeDiscord, Member


def changed(core: Core, **settings: object) -> App:
    """Peoria with other settings, on the same data."""
    settings_now = core.settings.model_copy(update=settings)
    return build(
        Core(
            **{
                name: settings_now if name == "settings" else getattr(core, name)
                for name in Core.__dataclass_fields__
            }
        )
    )


async def test_a_wrong_token_is_refused_with_what_to_do(core: Core, fake: FakeDiscord) -> None:
    platform = changed(core, discord_token=SecretStr("no.such.token")).platforms["discord"]  # type: ignore[index]
    with pytest.raises(PlatformRefused, match="Reset Token"):
        await platform.start()
    fake.token = "no.such.token"
    await platform.start()
    await platform.stop()


async def test_a_token_can_be_in_a_file(core: Core, fake: FakeDiscord, tmp_path: Path) -> None:
    file = tmp_path / "token"
    app = changed(core, discord_token=None, discord_token_file=file)
    with pytest.raises(PlatformRefused, match="PEORIA_DISCORD_TOKEN_FILE"):
        await app.platforms["discord"].start()  # type: ignore[index]
    file.write_text(f"{fake.token}\n")
    async with connected(app, fake):
        assert fake.gateway.connected


async def test_a_revoked_token_ends_discord_and_nothing_else(
    core: Core, fake: FakeDiscord, discord: DiscordPlatform, caplog: pytest.LogCaptureFixture
) -> None:
    await fake.revoke_token()
    async with asyncio.timeout(20):
        await discord.ended()
    assert "Reset Token" in caplog.text
    with pytest.raises(PlatformUnavailable, match="Reset Token"):
        await discord.announce("Hello", None)
    async with core.database.read() as session:
        notice = await session.scalar(select(Notice.text))
    assert "Reset Token" in (notice or "")


async def test_without_the_intent_there_are_no_automatic_replies(
    app: App, core: Core, fake: FakeDiscord, channel: Channel, ann: Member
) -> None:
    fake.message_content = False
    await watch(app, channel)
    async with connected(app, fake):
        message = await fake.post_message(channel, ann, attachments=[PNG])
        await fake.settle()
        assert fake.replies_to(message) == []
    with pytest.raises(PlatformRefused, match="Message Content Intent"):
        await changed(core, discord_message_content="on").platforms["discord"].start()  # type: ignore[index]


async def test_only_the_intents_that_are_needed_are_asked_for(
    fake: FakeDiscord, discord: DiscordPlatform
) -> None:
    guilds, messages, reactions, content = 1 << 0, 1 << 9, 1 << 10, 1 << 15
    assert [each["intents"] for each in fake.identifies] == [
        guilds | messages | reactions | content
    ]


async def test_shards_of_one_process_are_served(
    core: Core, fake: FakeDiscord, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Discord lets one shard identify every five seconds.
    async def at_once(*_: object, **__: object) -> None:
        return

    monkeypatch.setattr("bot.discord.gateway.client.Client.before_identify_hook", at_once)
    async with connected(changed(core, discord_shards="1-2/4"), fake):
        assert [each["shard"] for each in fake.identifies] == [[1, 4], [2, 4]]


async def test_a_server_that_is_away_at_the_start_is_tried_again(
    app: App, fake: FakeDiscord, channel: Channel, ann: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.fakes.discord.faults import error

    monkeypatch.setattr("bot.discord.connection._FIRST_WAIT", 0.01)
    await watch(app, channel)
    fake.on("GET /users/@me", error(403))
    async with connected(app, fake):
        await answered(fake, await fake.post_message(channel, ann, attachments=[PNG]))


async def test_no_session_is_begun_when_none_is_left(
    core: Core, fake: FakeDiscord, caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("bot.discord.connection._PATIENCE", 0.5)
    monkeypatch.setattr("bot.discord.connection._FIRST_WAIT", 0.1)
    fake.sessions_left = 0
    platform = build(core).platforms["discord"]  # type: ignore[index]
    await platform.start()
    try:
        assert fake.gateway.identified == 0
        assert "no session for 4:00:00" in caplog.text
        fake.sessions_left = 1
        await fake.until(lambda: fake.gateway.identified == 1, "a session")
    finally:
        await platform.stop()
