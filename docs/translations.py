"""The catalogue of translations, for translators and their tools (gettext).

    python -m docs.translations update            # bot/texts/*.po take what the code says today
    python -m docs.translations export de FILE    # all texts of Peoria with their German, one file
    python -m docs.translations import de FILE    # and back, from that file

What the board, Reddit and the terminal say is written in English in templates and code, and
translated in ``bot/texts/<language>.po``. Discord's texts have keys; they lie in
`bot.discord.texts.catalogue`. In the exported file these are the messages whose context begins with
``discord``. A test fails when a text of the board is not translated.
"""

import argparse
import io
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, get_args

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from bot.discord.texts import catalogue as discord
from bot.texts.language import Language
from bot.texts.translate import catalogue_file
from docs.discord_texts import write_german

ROOT = Path(__file__).resolve().parents[1]
_CONTEXT = "discord "
#: Programs are answered in English, so that the API has no texts here; its page is for programmers.
_METHODS = [
    ("web/api/**.py", "ignore"),
    ("web/templates/api.html", "ignore"),
    ("web/templates/**.html", "jinja2"),
    ("**.py", "python"),
]
_OPTIONS = {"web/templates/**.html": {"trimmed": "true", "newstyle_gettext": "true"}}
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
#: How long a line of a file of translations is.
_WIDTH = 100
_HEADER = "# Peoria's texts: written anew by `python -m docs.translations update`."


def extracted() -> Catalog:
    """Every text of code and templates, without translations."""
    found = Catalog()
    for file, _line, message, comments, context in extract_from_dir(
        ROOT / "bot",
        _METHODS,
        _OPTIONS,
        keywords=_KEYWORDS,
    ):
        # Without line numbers: a catalogue changes only when texts do.
        found.add(message, locations=[(f"bot/{file}", 0)], auto_comments=comments, context=context)
    return found


def updated(language: Language) -> Catalog:
    """The catalogue of a language with exactly the texts of today; new ones are empty."""
    template = extracted()
    file = catalogue_file(language)
    catalogue = Catalog()
    if file.exists():
        with file.open("rb") as stream:
            catalogue = read_po(stream, locale=language)
    catalogue.locale, catalogue.fuzzy = language, False
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


def everything(language: Language) -> Catalog:
    """The texts of the whole of Peoria in one catalogue."""
    catalogue = updated(language)
    for key, english in discord.ENGLISH.items():
        german = discord.GERMAN.get(key, "") if language == "de" else ""
        catalogue.add(english, german, context=f"{_CONTEXT}{key}")
    return catalogue


def take(language: Language, given: Catalog) -> None:
    """Take the translations of a file that was handed out."""
    own = updated(language)
    theirs: dict[str, str] = {}
    for message in given:
        if not message.id:
            continue
        if (message.context or "").startswith(_CONTEXT):
            theirs[str(message.context).removeprefix(_CONTEXT)] = str(message.string)
        elif (mine := own.get(message.id, message.context)) is not None:
            mine.string = message.string
    catalogue_file(language).write_text(as_text(own), "utf-8")
    if theirs and language == "de":
        write_german(theirs)


def languages() -> Iterator[Language]:
    """The languages that are translated to."""
    return (each for each in get_args(Language) if each != "en")


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    what = parser.add_subparsers(dest="what", required=True)
    what.add_parser("update")
    for name in ("export", "import"):
        command = what.add_parser(name)
        command.add_argument("language", choices=[*languages()])
        command.add_argument("file", type=Path)
    arguments = parser.parse_args()
    if arguments.what == "export":
        arguments.file.write_text(as_text(everything(arguments.language)), "utf-8")
        return
    if arguments.what == "import":
        with arguments.file.open("rb") as stream:
            take(arguments.language, read_po(stream, locale=arguments.language))
        return
    for language in languages():
        catalogue = updated(language)
        catalogue_file(language).write_text(as_text(catalogue), "utf-8")
        left = missing(catalogue)
        sys.stdout.write(f"{language}: {len(catalogue)} texts, {len(left)} not translated\n")


if __name__ == "__main__":
    main()
