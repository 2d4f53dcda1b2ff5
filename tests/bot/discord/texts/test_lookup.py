"""The texts: every key that the code asks for is there, in each language."""

import ast
from pathlib import Path

import pytest
from discord import Locale, app_commands

from bot.discord.texts.catalogue import ENGLISH, FEATURES
from bot.discord.texts.command_labels import CommandTranslator, label
from bot.discord.texts.lookup import Texts
from bot.texts.language import LANGUAGES, Language

HERE = Path(__file__).parents[4] / "bot" / "discord"


def asked_for() -> dict[str, str]:
    """Keys that are spelt out in calls ``texts("key", …)``, ``label("key")``, by where they are."""
    found = {}
    for path in HERE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            first, name = node.args[0], ast.unparse(node.func)
            if name not in ("label", "Refused", "texts", "texts.count"):
                continue
            if name == "texts.count" and isinstance(first, ast.Constant):
                found[f"{path.name}:{node.lineno} one"] = f"{first.value}.one"
                found[f"{path.name}:{node.lineno}"] = f"{first.value}.other"
            elif isinstance(first, ast.Constant) and isinstance(first.value, str):
                found[f"{path.name}:{node.lineno}"] = first.value
    return found


def test_every_text_that_is_asked_for_is_there() -> None:
    missing = {where: key for where, key in asked_for().items() if key not in ENGLISH}
    assert missing == {}


@pytest.mark.parametrize(
    ("locale", "language"),
    [
        ("de", "de"),
        (Locale.german, "de"),
        (Locale.latin_american_spanish, "es"),
        (Locale.brazil_portuguese, "pt-BR"),
        ("en-GB", "en"),
        ("nl", "en"),
        (None, "en"),
    ],
)
def test_the_language_follows_the_locale(locale: Locale | str | None, language: str) -> None:
    assert Texts(locale).language == language


def test_numbers_are_written_as_the_language_does() -> None:
    english, german = Texts("en-US"), Texts("de")
    assert (english.number(1234.5, 1), german.number(1234.5, 1)) == ("1,234.5", "1.234,5")
    assert (english.percent(0.714), german.percent(0.714)) == ("71%", "71\N{NO-BREAK SPACE}%")
    assert [english.percent(share) for share in (0, 0.004, 0.996, 1)] == [
        "0%", "under 1%", "over 99%", "100%",
    ]  # fmt: skip
    assert [english.duration(seconds) for seconds in (90, 3600, 5400, 86400, 259200)] == [
        "2 minutes", "1 hour", "1 hour 30 minutes", "24 hours", "3 days",
    ]  # fmt: skip


def test_a_count_takes_its_plural_form() -> None:
    english, german = Texts("en-US"), Texts("de")
    assert [english.count("count.labels", n) for n in (0, 1, 2, 1234)] == [
        "0 labels", "1 label", "2 labels", "1,234 labels",
    ]  # fmt: skip
    assert [german.count("count.labels", n) for n in (1, 1234)] == ["1 Ausgang", "1.234 Ausgänge"]
    # Nothing is one thing in French, and Japanese counts all alike.
    french, japanese = Texts("fr"), Texts("ja")
    assert [french.count("count.labels", n) for n in (0, 2)] == ["0 résultat", "2 résultats"]
    assert [japanese.count("count.labels", n) for n in (1, 2)] == ["確定結果1件", "確定結果2件"]
    with pytest.raises(KeyError):
        english.count("bucket.low", 1)


async def test_commands_are_translated() -> None:
    context = app_commands.TranslationContext(
        app_commands.TranslationContextLocation.command_description, data=None
    )
    translation = CommandTranslator()
    text = label("predict.about")
    assert text.message == ENGLISH["predict.about"]
    assert await translation.translate(text, Locale.german, context) == Texts("de")("predict.about")
    for locale in (Locale.dutch, Locale.british_english):
        assert await translation.translate(text, locale, context) is None
    plain = app_commands.locale_str("predict")
    assert await translation.translate(plain, Locale.german, context) is None


def test_no_two_features_share_a_key() -> None:
    assert sum(len(each.ENGLISH) for each in FEATURES) == len(ENGLISH)


@pytest.mark.parametrize("language", LANGUAGES)
def test_entries_of_menus_are_called_alike_in_every_text(language: Language) -> None:
    texts = Texts(language)
    wrong = [
        (key, menu)
        for menu in ("predict.menu", "meme.menu", "score.menu", "guess.skip")
        for key, text in ENGLISH.items()
        if f"*{ENGLISH[menu]}*" in text and f"*{texts(menu)}*" not in texts(key)
    ]
    assert wrong == []
