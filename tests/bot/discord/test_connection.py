"""Getting in, staying in, being thrown out."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from bot.app import App, build, running
from bot.core import Core
from bot.discord.gateway.command_sync import sync_commands
from bot.discord.platform import DiscordPlatform
from bot.platform import PlatformRefused, PlatformUnavailable
from storage.queries.services import all_services
from storage.tables import Notice
from storage.types import PlatformName, ServiceState
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


async def happens(condition: Callable[[], object]) -> None:
    """Wait until something is the case that no request or event of the fake announces."""
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def notices_when(core: Core, newest: str) -> list[str]:
    """The notices to the admins, once the newest one says this: it is written last of all."""
    query = select(Notice.text).order_by(Notice.id)
    async with asyncio.timeout(30):
        while True:
            texts = await core.database.run_read(lambda session: [*session.scalars(query)])
            if texts[-1:] == [newest]:
                return texts
            await asyncio.sleep(0.01)


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


async def test_a_revoked_token_stops_discord_and_nothing_else(
    core: Core, fake: FakeDiscord, discord: DiscordPlatform, caplog: pytest.LogCaptureFixture
) -> None:
    await fake.revoke_token()
    await happens(lambda: "Discord has stopped" in caplog.text)
    assert "Reset Token" in caplog.text
    (stopped,) = core.services.not_running.values()
    assert stopped.state is ServiceState.STOPPED
    with pytest.raises(PlatformUnavailable, match="Reset Token"):
        await discord.announce("Hello", None, told_since=None)
    async with core.database.read() as session:
        notice = await session.scalar(select(Notice.text))
    assert "Reset Token" in (notice or "")


@pytest.mark.parametrize("refused", ["at-the-start", "later"])
async def test_a_token_that_is_changed_is_taken_up(
    core: Core, fake: FakeDiscord, channel: Channel, ann: Member, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, refused: str,
) -> None:  # fmt: skip
    monkeypatch.setattr("bot.runtime.another_try.CHECK_SECONDS", 0.05)
    file = tmp_path / "token"
    file.write_text("no.such.token" if refused == "at-the-start" else fake.token)
    app = changed(core, discord_token=None, discord_token_file=file, web_port=0)
    await watch(app, channel)
    async with running(app):
        if refused == "later":
            await fake.until(lambda: fake.gateway.identified == 1, "a session")
            await fake.revoke_token()
        await happens(lambda: "does not accept the token" in caplog.text)
        identified = fake.gateway.identified
        fake.token = "a.new.token"
        message = await fake.post_message(channel, ann, attachments=[PNG])
        await asyncio.sleep(0.2)
        assert fake.gateway.identified == identified, "it tries again what was refused"
        file.write_text("a.new.token\n")
        await fake.until(lambda: fake.replies_to(message), "a reply")
        texts = await notices_when(core, "Discord runs again.")
    assert [text.partition(":")[0] for text in texts] == [
        "Discord has stopped",
        "Discord runs again.",
    ]


async def test_what_was_refused_may_be_allowed_an_hour_later(
    core: Core, fake: FakeDiscord, discord: DiscordPlatform,
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    monkeypatch.setattr("bot.runtime.another_try.RETRY_SECONDS", 0.1)
    kept = fake.token
    await fake.revoke_token()
    await happens(lambda: caplog.text.count("Discord has stopped") > 2)
    fake.token = kept
    assert len(await notices_when(core, "Discord runs again.")) == 2


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
    # Whoever writes to the bot shows it a picture to predict.
    direct_messages = 1 << 12
    assert [each["intents"] for each in fake.identifies] == [
        guilds | messages | reactions | direct_messages | content
    ]


async def test_shards_of_one_process_are_served(core: Core, fake: FakeDiscord) -> None:
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


async def test_an_end_that_nobody_expected_is_told_and_followed_by_a_start(
    app: App,
    core: Core,
    fake: FakeDiscord,
    channel: Channel,
    ann: Member,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("bot.discord.connection._FIRST_WAIT", 0.01)
    await watch(app, channel)
    faults = [KeyError("type"), RuntimeError("odd")]

    async def sync_or_fail(*arguments: Any) -> bool:
        if faults:
            raise faults.pop()
        return await sync_commands(*arguments)

    monkeypatch.setattr("bot.discord.connection.sync_commands", sync_or_fail)
    async with connected(app, fake):
        await answered(fake, await fake.post_message(channel, ann, attachments=[PNG]))
        assert core.services.not_running == {}
        (service,) = await core.database.run_read(all_services)
        assert service.error == "KeyError: 'type'"
    assert caplog.text.count("Discord ended with an error that nobody expected") == 2
    assert await core.database.run_read(all_services) == [], "it was stopped on purpose"


async def test_stopping_never_fails(
    app: App, fake: FakeDiscord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.discord.connection._PATIENCE", 0.1)

    async def fail(*_: Any) -> bool:
        raise KeyError("type")

    monkeypatch.setattr("bot.discord.connection.sync_commands", fail)
    platform = app.platforms[PlatformName.DISCORD]
    await platform.start()
    await happens(lambda: app.core.services.not_running)
    assert app.core.services.not_running.keys() == {"discord"}
    await platform.stop()
    await platform.stop()
    assert not fake.gateway.connected
