"""Every text is in the catalogue, and each language is whole."""

import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from jinja2 import Environment, nodes

from bot.texts.elsewhere import ELSEWHERE
from bot.texts.language import Language
from bot.texts.translate import catalogue_file, catalogue_of
from docs import translations
from models.attributes.genre import GENRE_NAMES

TEMPLATES = translations.ROOT / "bot" / "web" / "templates"
LANGUAGES = [*translations.languages()]
#: Names, units and signs that are the same everywhere.
ALIKE = {"API", "Discord", "Reddit", "UTC", "GB", "MB", "Peoria", "JSON", "OpenAPI", "low"} | {
    "Pearson", "Spearman", "aww", "pics",
}  # fmt: skip
_TAG = re.compile(r"<(/?)(\w+)|<!--.*?-->", re.DOTALL)
_MARKS = re.compile(r"%\(\w+\)s|\{\w+\}|<[^>]+>")
#: Commands are called the same in each language.
_CODE = re.compile(r"`[/!][^`]*`")
#: Attributes that people read or hear.
_READ = re.compile(r'\b(?:aria-label|title|alt|placeholder)="([^"]*)')
#: What describes the interface for programs, for programmers, is English.
ENGLISH_PAGES = {"api.html"}


@cache
def of_today(language: Language) -> Catalog:
    return translations.updated(language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_is_whole_and_of_today(language: Language) -> None:
    """Where this fails: ``python -m docs.translations update``, then translate what is empty."""
    catalogue = of_today(language)
    assert translations.missing(catalogue) == []
    assert catalogue_file(language).read_text("utf-8") == translations.as_text(catalogue)


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_have_the_values_and_the_markup_of_their_texts(language: Language) -> None:
    wrong = [
        text
        for message in of_today(language)
        for text, translated in _pairs(message)
        if translated and _marks(text) != _marks(translated)
    ]
    assert wrong == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_the_program_reads_is_what_translators_tools_read(language: Language) -> None:
    read = catalogue_of(language)
    for message in of_today(language):
        if message.id:
            one = message.id if isinstance(message.id, str) else message.id[0]
            forms = [message.string] if isinstance(message.string, str) else [*message.string]
            assert [*read.find(one, message.context or "")] == (forms if all(forms) else [])
    assert read.form(1) == 0


def _pairs(message: Message) -> list[tuple[str, str]]:
    if not message.id:
        return []
    if isinstance(message.id, str):
        return [(message.id, str(message.string))]
    # Whatever a form leaves out, such as "one" for a number, the other one has.
    return [(message.id[-1], message.string[-1])]


def _marks(text: str) -> tuple[object, ...]:
    """Values, tags and commands; how often bold print; lines; and blanks around it."""
    return (
        set(_MARKS.findall(text)), Counter(_CODE.findall(text)), text.count("**"),
        text.count("\n"), text[:1].isspace(), text[-1:].isspace(),
    )  # fmt: skip


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
