"""Texts in the language that is spoken, from the catalogues beside this file.

The names are those of gettext, so that tools for translators find what is to be translated. A text
that no catalogue has stays as it is written: English.
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from bot.texts.language import Language, language
from bot.texts.po_file import Catalogue, read_catalogue

_FOLDER = Path(__file__).parent
_VALUE = re.compile(r"\{(\w+)\}")
#: Sentences are retold that are no longer, and texts with values that have no more: people's words
#: may be in them, and a search with many gaps in a long text takes long.
_LONGEST, _MOST_VALUES = 600, 2
#: A text with fewer letters than these around its values could be anything.
_LEAST = 12


def gettext(text: str) -> str:
    """A text in the language that is spoken."""
    return pgettext("", text)


def pgettext(context: str, text: str) -> str:
    """The same of a text that means several things: the context says which."""
    found = catalogue_of(language()).find(text, context)
    return found[0] if found else text


def ngettext(one: str, other: str, count: int) -> str:
    """The form of a text that goes with a count.

    Args:
        one: in English, of one thing.
        other: in English, of any other number of things.
        count: how many there are.
    """
    return npgettext("", one, other, count)


def npgettext(context: str, one: str, other: str, count: int) -> str:
    """The same with a context."""
    catalogue = catalogue_of(language())
    found = catalogue.find(one, context)
    if found:
        return found[catalogue.form(count)]
    return one if count == 1 else other


def mark(text: str) -> str:
    """The text as it is: it is translated where it is shown, and has to be in the catalogue."""
    return text


def retell(sentence: str) -> str:
    """A sentence that was made in English elsewhere (stored, or raised) as people read it.

    It is found as it is, or as a text with values in braces, each of which is taken over. What no
    catalogue has stays English.
    """
    spoken = language()
    if spoken == "en":
        return sentence
    catalogue = catalogue_of(spoken)
    if found := catalogue.find(sentence):
        return found[0]
    for pattern, text in _patterns(spoken) if len(sentence) <= _LONGEST else ():
        if fits := pattern.fullmatch(sentence):
            return text.format(**fits.groupdict())
    return sentence


def catalogue_file(spoken: Language) -> Path:
    """Where the texts of a language are."""
    return _FOLDER / f"{spoken}.po"


@cache
def catalogue_of(spoken: Language) -> Catalogue:
    """The texts of a language, read when somebody first speaks it; of English none."""
    if spoken == "en":
        return Catalogue({}, lambda count: 0 if count == 1 else 1)
    return read_catalogue(catalogue_file(spoken))


@cache
def _patterns(spoken: Language) -> tuple[tuple[re.Pattern[str], str], ...]:
    """The texts with values in them, the most telling ones first."""
    return tuple(
        (re.compile(_as_pattern(text), re.DOTALL), forms[0])
        for (context, text), forms in sorted(
            catalogue_of(spoken).texts.items(), key=lambda each: -len(_VALUE.sub("", each[0][1]))
        )
        if not context
        and len(forms) == 1
        and 0 < len(_VALUE.findall(text)) <= _MOST_VALUES
        and len(_VALUE.sub("", text)) >= _LEAST
    )


def _as_pattern(text: str) -> str:
    return "".join(_parts(text))


def _parts(text: str) -> Iterator[str]:
    seen: set[str] = set()
    at = 0
    for value in _VALUE.finditer(text):
        yield re.escape(text[at : value.start()])
        name = value[1]
        yield f"(?P={name})" if name in seen else f"(?P<{name}>.+?)"
        seen.add(name)
        at = value.end()
    yield re.escape(text[at:])
