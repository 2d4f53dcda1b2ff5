"""Discord is told the commands when they changed, and everything that it is told is in order."""

import pytest
from discord import app_commands

from bot.app import App
from bot.discord.gateway.command_sync import FILE, commands_are_in_sync
from bot.discord.texts.lookup import Texts
from tests.bot.discord.command_bot import command_bot
from tests.fakes.discord import FakeDiscord, Guild
from tests.fakes.discord.faults import error

TELL = "PUT /applications/{application_id}/commands"


async def test_commands_are_told_once(fake: FakeDiscord, app: App, guild: Guild) -> None:
    async with command_bot(fake, app) as bot:
        assert bot.told == [True]
        assert await commands_are_in_sync(bot.tree, app.core.settings.data_dir)
    async with command_bot(fake, app) as bot:
        assert bot.told == [False]
    assert len(fake.asked(TELL)) == 1
    (app.core.settings.data_dir / FILE).write_bytes(b"\xff")
    async with command_bot(fake, app) as bot:
        assert bot.told == [True]
        bot.tree.remove_command("predict")
        assert not await commands_are_in_sync(bot.tree, app.core.settings.data_dir)


async def test_a_failure_is_tried_again(fake: FakeDiscord, app: App, guild: Guild) -> None:
    fake.on(TELL, error(400, 50035))
    with pytest.raises(app_commands.CommandSyncFailure):
        async with command_bot(fake, app):
            pass
    async with command_bot(fake, app) as bot:
        assert bot.told == [True]


async def test_everybody_reads_their_own_language(
    fake: FakeDiscord, app: App, guild: Guild
) -> None:
    async with command_bot(fake, app):
        pass
    predict, german = fake.commands["predict", 1], Texts("de")
    assert predict["description_localizations"]["de"] == german("predict.about")
    assert {*predict["description_localizations"]} == {
        "de", "es-ES", "es-419", "fr", "ja", "pt-BR",
    }  # fmt: skip
    assert predict["options"][0]["description_localizations"]["de"] == german("predict.image")
    menu = fake.commands["Will it play?", 3]
    assert menu["name_localizations"]["de"] == german("predict.menu")


async def test_commands_are_where_they_belong(fake: FakeDiscord, app: App, guild: Guild) -> None:
    async with command_bot(fake, app):
        pass
    for name in (("predict", 1), ("Will it play?", 3), ("forget-me", 1)):
        assert fake.commands[name]["integration_types"] == [0, 1]
        assert fake.commands[name]["contexts"] == [0, 1, 2]
        assert fake.commands[name]["default_member_permissions"] is None
    for name in (("watch", 1), ("unwatch", 1)):
        assert fake.commands[name]["integration_types"] == [0]
        assert fake.commands[name]["contexts"] == [0]
        assert fake.commands[name]["default_member_permissions"] == str(1 << 5)
