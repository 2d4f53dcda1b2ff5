"""Every text of the board is in the catalogue, and each language is whole."""

import re
from pathlib import Path
from types import ModuleType

import pytest
from babel.messages.catalog import Message
from babel.messages.pofile import read_po
from jinja2 import Environment, nodes

from bot.discord.texts.catalogue import FEATURES, card
from bot.texts.elsewhere import ELSEWHERE
from bot.texts.language import Language
from bot.texts.translate import catalogue_file
from docs import discord_texts, translations
from models.attributes.genre import GENRE_NAMES

TEMPLATES = translations.ROOT / "bot" / "web" / "templates"
LANGUAGES = [*translations.languages()]
#: Names, units and signs that are the same everywhere.
ALIKE = {"API", "Discord", "Reddit", "UTC", "GB", "MB", "Peoria", "JSON", "OpenAPI", "low"} | {
    "Pearson", "Spearman", "aww", "pics",
}  # fmt: skip
_TAG = re.compile(r"<(/?)(\w+)|<!--.*?-->", re.DOTALL)
_MARKS = re.compile(r"%\(\w+\)s|\{\w+\}|<[^>]+>")
#: Attributes that people read or hear.
_READ = re.compile(r'\b(?:aria-label|title|alt|placeholder)="([^"]*)')
#: What describes the interface for programs, for programmers, is English.
ENGLISH_PAGES = {"api.html"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_is_whole_and_of_today(language: Language) -> None:
    """Where this fails: ``python -m docs.translations update``, then translate what is empty."""
    catalogue = translations.updated(language)
    assert translations.missing(catalogue) == []
    assert catalogue_file(language).read_text("utf-8") == translations.as_text(catalogue)


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_have_the_values_and_the_markup_of_their_texts(language: Language) -> None:
    for message in translations.updated(language):
        for text, translated in _pairs(message):
            assert _marks(text) == _marks(translated), text


def _pairs(message: Message) -> list[tuple[str, str]]:
    if not message.id:
        return []
    if isinstance(message.id, str):
        return [(message.id, str(message.string))]
    # Whatever a form leaves out, such as "one" for a number, the other one has.
    return [(message.id[-1], message.string[-1])]


def _marks(text: str) -> set[str]:
    return set(_MARKS.findall(text))


@pytest.mark.parametrize("template", sorted(TEMPLATES.glob("*.html")), ids=lambda path: path.name)
def test_no_template_says_anything_that_is_not_in_the_catalogue(template: Path) -> None:
    if template.name in ENGLISH_PAGES:
        return
    environment = Environment(extensions=["jinja2.ext.i18n"], autoescape=True)
    environment.policies["ext.i18n.trimmed"] = True
    found = environment.parse(template.read_text("utf-8"))
    plain = "".join(
        each.data if isinstance(each, nodes.TemplateData) else " \0 "
        for output in found.find_all(nodes.Output)
        for each in output.nodes
    )
    said = [*_READ.findall(plain), *_outside_of_tags(plain)]
    words = {word for text in said for word in re.findall(r"[^\W\d_]{2,}", text)}
    assert words - ALIKE == set()


@pytest.mark.parametrize("template", sorted(TEMPLATES.glob("*.html")), ids=lambda path: path.name)
def test_only_texts_that_are_written_there_are_looked_up_by_name(template: Path) -> None:
    """Of any other text a percent sign would be taken for a value: it is retold."""
    found = Environment(extensions=["jinja2.ext.i18n"], autoescape=True).parse(
        template.read_text("utf-8")
    )
    for call in found.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name in ("_", "gettext"):
            assert isinstance(call.args[0], nodes.Const), call.args[0]


def _outside_of_tags(text: str) -> list[str]:
    without_code = re.sub(r"<(code|title|style)\b.*?</\1>", "", text, flags=re.DOTALL)
    lines = re.sub(r"<[^>]*>", "\n", without_code).split("\n")
    # Macros make addresses, too.
    return [line for line in lines if not line.lstrip().startswith("/")]


def test_what_is_retold_is_in_the_catalogue() -> None:
    assert set(GENRE_NAMES.values()) <= set(ELSEWHERE)


def test_discords_texts_are_handed_out_and_taken_back(tmp_path: Path) -> None:
    file = tmp_path / "peoria.po"
    file.write_text(translations.as_text(translations.everything("de")), "utf-8")
    with file.open("rb") as stream:
        catalogue = read_po(stream, locale="de")
    handed = {
        str(message.context).removeprefix("discord "): str(message.string)
        for message in catalogue
        if (message.context or "").startswith("discord ")
    }
    for feature in FEATURES:
        assert {key: handed[key] for key in feature.GERMAN} == feature.GERMAN
        # What is written back is the same module.
        assert _german(discord_texts.with_german(feature, feature.GERMAN)) == feature.GERMAN
    changed = card.GERMAN | {"card.footer": 'Ein "anderes" Modell\n{version}'}
    assert _german(discord_texts.with_german(card, changed)) == changed


def _german(source: str) -> object:
    module = ModuleType("texts")
    exec(compile(source, "texts", "exec"), module.__dict__)  # noqa: S102 - our own module
    return module.__dict__["GERMAN"]
