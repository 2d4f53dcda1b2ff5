"""The reference pages say what the code says."""

from pathlib import Path

import pytest

from bot.discord.commands.registry import FEATURES
from bot.discord.commands.settings import ChannelSettings
from bot.settings import ENV_PREFIX, Settings
from docs import reference
from tests.docs.pages import PAGES, commands, name


@pytest.mark.parametrize("page", sorted(reference.PAGES))
def test_the_page_is_up_to_date(page: str) -> None:
    """Where this fails: ``python -m docs.reference`` writes the page anew."""
    text = (reference.DOCS / page).read_text("utf-8")
    assert text == reference.replace(text, reference.PAGES[page]())


@pytest.mark.parametrize("setting", sorted(Settings.model_fields))
def test_every_setting_has_one_row(setting: str) -> None:
    assert reference.settings_text().count(f"| `{ENV_PREFIX}{setting.upper()}` |") == 1


def test_every_command_has_a_heading() -> None:
    text = reference.commands_text()
    assert "models rollback" in reference.command_names()
    for command in reference.command_names():
        assert f"# main.py {command}\n" in text


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_commands_and_options_that_are_shown_exist(page: Path) -> None:
    known = reference.command_options()
    groups = {command.partition(" ")[0] for command in known if " " in command}
    unknown = set()
    for first, second, options in commands(page):
        name = f"{first} {second}" if first in groups and second else first
        if name not in known:
            unknown.add(name)
        else:
            unknown |= {f"{name} {option}" for option in options - known[name] - {"--help"}}
    assert unknown == set()


def test_every_command_of_discord_is_on_its_page() -> None:
    page = (reference.DOCS / "discord.md").read_text("utf-8")
    names = {
        command.name for feature in FEATURES for command in feature.__cog_app_commands__
    }  # fmt: skip
    assert "watch" in names
    assert {name for name in names if f"`/{name}" not in page} == set()


def test_every_option_of_settings_on_discord_is_on_its_page() -> None:
    page = (reference.DOCS / "discord.md").read_text("utf-8")
    (command,) = ChannelSettings.__cog_app_commands__
    options = {option.name for option in command.parameters} - {"channel"}
    assert "horizon" in options
    assert {option for option in options if f"`{option}`" not in page} == set()


def test_a_page_without_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="marks"):
        reference.replace("# Settings", "text")
