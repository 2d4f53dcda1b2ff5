"""Getting in, staying in, being thrown out."""

import asyncio
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from bot.app import App, build
from bot.core import Core
from bot.discord.check import Finding, all_well, check_discord
from bot.discord.gateway.instance_lock import InstanceLock
from bot.discord.platform import DiscordPlatform
from bot.platform import PlatformRefused, PlatformUnavailable
from bot.runtime.shards import Shards, parse_shards
from bot.settings import Settings
from storage.engine.database import Database
from storage.tables import Notice
from tests.bot.discord.adapting import PNG, answered, connected, watch
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


async def test_a_second_bot_on_the_same_database_is_refused(
    core: Core, discord: DiscordPlatform
) -> None:
    other = Database(core.database.url)
    with pytest.raises(PlatformRefused, match="--shards"):
        await InstanceLock(other, None).take()
    with pytest.raises(PlatformRefused, match="--shards"):
        await InstanceLock(other, Shards(0, 1, 4)).take()
    await discord.stop()
    lock = InstanceLock(other, None)
    await lock.take()
    with pytest.raises(PlatformRefused, match="Another Peoria"):
        await discord.start()
    await lock.release()
    await other.close()


async def test_bots_share_a_database_by_shards(core: Core) -> None:
    first, second = (
        InstanceLock(core.database, Shards(0, 1, 4)),
        InstanceLock(core.database, Shards(2, 3, 4)),
    )
    await first.take()
    await second.take()
    with pytest.raises(PlatformRefused, match="shard 1 of 4"):
        await InstanceLock(core.database, Shards(1, 2, 4)).take()
    assert await first.is_held()
    await first.release()
    await second.release()
    await InstanceLock(core.database, None).take()


@pytest.mark.parametrize(
    ("text", "shards"), [("0-3/8", Shards(0, 3, 8)), (" 5/6 ", Shards(5, 5, 6))]
)
def test_shards_are_read(text: str, shards: Shards) -> None:
    assert parse_shards(text) == shards


@pytest.mark.parametrize("text", ["", "3", "4-3/8", "0-8/8", "-1/8", "a/b", "0-3/8/9"])
def test_what_names_no_shards_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must"):
        parse_shards(text)


async def test_shards_of_one_process_are_served(
    core: Core, fake: FakeDiscord, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Discord lets one shard identify every five seconds.
    async def at_once(*_: object, **__: object) -> None:
        return

    monkeypatch.setattr("bot.discord.gateway.client.Client.before_identify_hook", at_once)
    async with connected(changed(core, discord_shards="1-2/4"), fake):
        assert [each["shard"] for each in fake.identifies] == [[1, 4], [2, 4]]


async def found(app: App) -> dict[str, Finding]:
    return {each.what: each for each in await check_discord(app.core, app.pipeline)}


async def test_check_finds_nothing_wrong_with_a_bot_that_runs(
    app: App, fake: FakeDiscord, discord: DiscordPlatform
) -> None:
    findings = await found(app)
    assert all_well([*findings.values()])
    assert [each for each in findings if findings[each].ok] == [
        "token", "message content", "servers", "channel #memes", "commands"
    ]  # fmt: skip
    assert f"client_id={fake.application_id}" in findings["invite link"].text


async def test_check_names_what_is_wrong(
    app: App, fake: FakeDiscord, channel: Channel, settings: Settings
) -> None:
    await watch(app, channel)
    fake.message_content = False
    fake.permit(channel, fake.bot, attach_files=False)
    findings = await found(app)
    assert not all_well([*findings.values()])
    assert "Attach Files" in findings["channel #memes"].text
    assert "Message Content Intent" in findings["message content"].text
    assert findings["commands"].ok is None
    fake.token = "another"
    assert not (await found(app))["token"].ok


async def test_a_server_that_is_away_at_the_start_is_tried_again(
    app: App, fake: FakeDiscord, channel: Channel, ann: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.fakes.discord_faults import error

    monkeypatch.setattr("bot.discord.connection._FIRST_WAIT", 0.01)
    await watch(app, channel)
    fake.on("GET /users/@me", error(403))
    async with connected(app, fake):
        await answered(fake, await fake.post_message(channel, ann, attachments=[PNG]))
