"""`main.py discord check`: what is right, and what is wrong."""

from bot.app import App
from bot.discord.check import Finding, all_well, check_discord
from bot.discord.platform import DiscordPlatform
from bot.settings import Settings
from tests.bot.discord.steps import watch
from tests.fakes.discord import Channel, FakeDiscord


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
