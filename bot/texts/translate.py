"""Texts in the language that is spoken, from the catalogues beside this file.

The names are those of gettext, so that tools for translators find what is to be translated. A text
that no catalogue has stays as it is written: English.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from gettext import c2py
from pathlib import Path

from bot.texts.language import Language, language

_FOLDER = Path(__file__).parent
_VALUE = re.compile(r"\{(\w+)\}")
#: Sentences are retold that are no longer, and texts with values that have no more: people's words
#: may be in them, and a search with many gaps in a long text takes long.
_LONGEST, _MOST_VALUES = 600, 2
#: A text with fewer letters than these around its values could be anything.
_LEAST = 12


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The texts of one language.

    Attributes:
        texts: by context (empty: none) and English text: its forms, in the order of the plural.
        form: which form a number takes.
    """

    texts: Mapping[tuple[str, str], tuple[str, ...]]
    form: Callable[[int], int]

    def find(self, text: str, context: str = "") -> tuple[str, ...]:
        """The forms of a text; none where it is not translated."""
        return self.texts.get((context, text), ())


def gettext(text: str) -> str:
    """A text in the language that is spoken."""
    return pgettext("", text)


def pgettext(context: str, text: str) -> str:
    """The same of a text that means several things: the context says which."""
    found = _catalogue(language()).find(text, context)
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
    catalogue = _catalogue(language())
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
    catalogue = _catalogue(spoken)
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
def _catalogue(spoken: Language) -> Catalogue:
    if spoken == "en":
        return Catalogue({}, lambda count: 0 if count == 1 else 1)
    # Babel takes 60 ms to import, which whoever reads English need not wait for.
    from babel.messages.pofile import read_po

    with catalogue_file(spoken).open("rb") as file:
        read = read_po(file, locale=spoken)
    texts = {}
    for message in read:
        if not message.id or message.fuzzy:
            continue
        one = message.id if isinstance(message.id, str) else message.id[0]
        forms = (message.string,) if isinstance(message.string, str) else tuple(message.string)
        if all(forms):
            texts[message.context or "", one] = forms
    return Catalogue(texts, c2py(read.plural_expr))


@cache
def _patterns(spoken: Language) -> tuple[tuple[re.Pattern[str], str], ...]:
    """The texts with values in them, the most telling ones first."""
    return tuple(
        (re.compile(_as_pattern(text), re.DOTALL), forms[0])
        for (context, text), forms in sorted(
            _catalogue(spoken).texts.items(), key=lambda each: -len(_VALUE.sub("", each[0][1]))
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
