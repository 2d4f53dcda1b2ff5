"""The catalogue of translations, for translators and their tools (gettext).

    python -m docs.translations update            # bot/texts/*.po take what the code says today
    python -m docs.translations missing           # what is not translated, by language

Texts are written in English in templates and code, those of Discord by key in
`bot.discord.texts.catalogue`; they are translated in ``bot/texts/<language>.po``. There the
messages of Discord have a context: ``discord`` and the key. A test fails when a text is not
translated.
"""

import argparse
import io
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po, write_po

from bot.discord.texts.catalogue import FEATURES
from bot.discord.texts.lookup import CONTEXT
from bot.texts.language import LANGUAGES, Language
from bot.texts.translate import catalogue_file

ROOT = Path(__file__).resolve().parents[1]
#: Programs are answered in English, so that the API has no texts here; its page is for programmers.
_FOR_PROGRAMS = re.compile(r"bot/web/(?:api/.*|templates/api\.html)")
_METHODS = {".html": "jinja2", ".py": "python"}
_OPTIONS = {"trimmed": "true", "newstyle_gettext": "true"}
#: What marks a text in code: which argument, and which is the context (c).
_KEYWORDS: dict[str, Any] = {
    "_": None,
    "gettext": None,
    "mark": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "Refusal": (2,),
    "SettingRefused": (2,),
}
_MARKED = re.compile(rf"\b(?:{'|'.join(_KEYWORDS)})\(")
#: How long a line of a file of translations is.
_WIDTH = 100
_HEADER = "# Peoria's texts: written anew by `python -m docs.translations update`."


def extracted() -> Catalog:
    """Every text of code and templates, without translations."""
    found = Catalog()
    for where, message, comments, context in _written():
        # Without line numbers: a catalogue changes only when texts do.
        found.add(message, locations=[(where, 0)], auto_comments=comments, context=context)
    return found


@cache
def _written() -> list[tuple[str, Any, list[str], str | None]]:
    """Where a text is, itself (or its two forms), comments on it, and its context."""
    found: list[tuple[str, Any, list[str], str | None]] = []
    for path in sorted((ROOT / "bot").rglob("*.*")):
        where, method = path.relative_to(ROOT).as_posix(), _METHODS.get(path.suffix)
        if method is None or _FOR_PROGRAMS.fullmatch(where):
            continue
        # Babel takes its time for code in which it finds nothing.
        if method == "python" and not _MARKED.search(path.read_text("utf-8")):
            continue
        found += (
            (where, message, comments, context)
            for _, message, comments, context in extract_from_file(
                method, path, keywords=_KEYWORDS, options=_OPTIONS
            )
        )
    for feature in FEATURES:
        where = Path(str(feature.__file__)).relative_to(ROOT).as_posix()
        found += [(where, text, [], CONTEXT + key) for key, text in _messages(feature.ENGLISH)]
    return found


def _messages(texts: Mapping[str, str]) -> Iterator[tuple[str, str | tuple[str, str]]]:
    """Texts by key; two that are the forms of one, by what their keys have in common."""
    for key, text in texts.items():
        whole, _, form = key.rpartition(".")
        if form == "one":
            yield whole, (text, texts[f"{whole}.other"])
        elif form != "other":
            yield key, text


def babel_name(language: Language) -> str:
    """What Babel calls a language: ``pt_BR``."""
    return language.replace("-", "_")


def updated(language: Language) -> Catalog:
    """The catalogue of a language with exactly the texts of today; new ones are empty."""
    template = extracted()
    file = catalogue_file(language)
    catalogue = Catalog()
    if file.exists():
        with file.open("rb") as stream:
            catalogue = read_po(stream, locale=babel_name(language))
    catalogue.locale, catalogue.fuzzy = Locale.parse(language, sep="-"), False
    catalogue.project, catalogue.version = "Peoria", ""
    catalogue.header_comment = _HEADER
    catalogue.update(template, no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    return catalogue


def missing(catalogue: Catalog) -> list[str]:
    """The texts of a catalogue that are not translated whole."""
    return [str(each.id) for each in catalogue if each.id and not _is_whole(each.string or "")]


def _is_whole(translation: str | Sequence[str]) -> bool:
    return bool(translation) if isinstance(translation, str) else all(translation)


def as_text(catalogue: Catalog) -> str:
    """A catalogue as it is in its file."""
    stream = io.BytesIO()
    write_po(stream, catalogue, width=_WIDTH, sort_by_file=True, omit_header=False)
    text = stream.getvalue().decode()
    # What changes with the day, or with the release of Babel, is no text.
    dated = r'^"(?:POT-Creation-Date|PO-Revision-Date|Generated-By|Last-Translator).*\n'
    text = re.sub(dated, "", text, flags=re.MULTILINE)
    return re.sub(r"^#: .*\n", _locations, text, flags=re.MULTILINE)


def _locations(line: re.Match[str]) -> str:
    return line[0].replace(":0", "")


def languages() -> Iterator[Language]:
    """The languages that are translated to."""
    return (each for each in LANGUAGES if each != "en")


def main() -> int:
    """Do what the command line says; returns the exit status."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    what = parser.add_subparsers(dest="what", required=True)
    what.add_parser("update", help="take the texts of today into every catalogue")
    what.add_parser("missing", help="name what is not translated; exit status 1 if anything is")
    arguments = parser.parse_args()
    left = 0
    for language in languages():
        catalogue = updated(language)
        if arguments.what == "update":
            catalogue_file(language).write_text(as_text(catalogue), "utf-8")
        texts = missing(catalogue)
        left += len(texts)
        sys.stdout.write(f"{language}: {len(catalogue)} texts, {len(texts)} not translated\n")
        if arguments.what == "missing":
            sys.stdout.writelines(f"  {text}\n" for text in texts)
    return 1 if left and arguments.what == "missing" else 0


if __name__ == "__main__":
    sys.exit(main())
