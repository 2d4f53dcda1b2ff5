"""Every text fits where Discord shows it, in every language, with long values put in."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.discord.texts.catalogue import ENGLISH
from bot.discord.texts.lookup import CONTEXT
from bot.texts.language import LANGUAGES, Language
from bot.texts.translate import catalogue_of

HERE = Path(__file__).parents[4] / "bot" / "discord"
#: Characters, by what takes a text and by which name: Discord's documentation of components,
#: embeds and commands.
LIMITS = {
    ("Button", "label"): 80,
    ("Select", "placeholder"): 150,
    ("SelectOption", "label"): 100,
    ("SelectOption", "description"): 100,
    # Only forms (Modal) pass on a title.
    ("__init__", "title"): 45,
    ("TextInput", "label"): 45,
    ("TextInput", "placeholder"): 100,
    ("Embed", "title"): 256,
    ("Embed", "description"): 4096,
    ("add_field", "name"): 256,
    ("add_field", "value"): 1024,
    ("set_footer", "text"): 2048,
    ("set_author", "name"): 256,
    ("File", "description"): 1024,
}
#: Names of commands in menus, descriptions of commands and options, choices; whole messages.
MENU, LABEL, MESSAGE = 32, 100, 2000
#: A long value: a name that people chose is at most as long.
VALUE = 40


def limits() -> Iterator[tuple[str, int, str]]:
    """Keys, how long their texts may be, and where that is."""
    for path in sorted(HERE.rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(call, ast.Call):
                continue
            taker, where = ast.unparse(call.func).rpartition(".")[2], f"{path.name}:{call.lineno}"
            if taker == "label":
                for key in keys_in(call.args[0]):
                    yield key, MENU if key.endswith("menu") else LABEL, where
            for keyword in call.keywords:
                limit = LIMITS.get((taker.partition("[")[0], keyword.arg or ""))
                for key in asked(keyword.value) if limit else ():
                    yield key, limit or 0, where


def asked(value: ast.expr) -> Iterator[str]:
    for call in ast.walk(value):
        if isinstance(call, ast.Call) and "texts" in ast.unparse(call.func) and call.args:
            yield from keys_in(call.args[0])


def keys_in(key: ast.expr) -> Iterator[str]:
    """The key; both of ``one if … else another``.

    Of keys that are put together, the loopback Discord sees what becomes of them.
    """
    match key:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp():
            yield from keys_in(key.body)
            yield from keys_in(key.orelse)


LIMIT_OF: dict[str, list[tuple[int, str]]] = {}
for _key, _limit, _where in limits():
    LIMIT_OF.setdefault(_key, []).append((_limit, _where))


def forms(language: Language) -> Iterator[tuple[str, str]]:
    """Every text of a language by its key, with long values; each form of a plural."""
    translations = catalogue_of(language)
    for key, english in ENGLISH.items():
        found = translations.find(english, CONTEXT + key.removesuffix(".one")) or (english,)
        for text in found:
            yield key, re.sub(r"\{\w+\}", "m" * VALUE, text)


def test_limits_are_found_in_the_code() -> None:
    assert len(LIMIT_OF) > 60
    found = {limit for each in LIMIT_OF.values() for limit, _ in each}
    assert found >= {32, 80, 100, 150, 256, 1024, 2048}


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_fit_where_discord_shows_them(language: Language) -> None:
    too_long = {
        f"{where} {key}: {len(text)} of {limit}"
        for key, text in forms(language)
        for limit, where in LIMIT_OF.get(key, [(MESSAGE, "")])
        if len(text) > limit
    }
    assert too_long == set()
