"""`main.py discord check`: what is right, and what is wrong."""

import pytest

from bot.app import App
from bot.discord.check import Finding, all_well, check_discord
from bot.discord.platform import DiscordPlatform
from bot.settings import Settings
from tests.bot.discord.steps import watch
from tests.fakes.discord import Channel, FakeDiscord
from tests.fakes.discord.faults import answer


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


@pytest.mark.parametrize(
    "route",
    [
        "GET /users/@me", "GET /oauth2/applications/@me", "GET /users/@me/guilds",
        "GET /channels/{channel_id}", "GET /guilds/{guild_id}",
        "GET /applications/{application_id}/commands",
    ],
)  # fmt: skip
@pytest.mark.parametrize(("status", "body"), [(200, {}), (200, "Welcome!"), (418, "no")])
async def test_an_answer_that_is_none_of_discords_is_a_finding(
    app: App, fake: FakeDiscord, channel: Channel, route: str, status: int, body: object
) -> None:
    await watch(app, channel)
    fake.on(route, lambda _: answer(status, body), times=20)
    findings = await check_discord(app.core, app.pipeline)
    assert findings
    assert all(each.text for each in findings)
