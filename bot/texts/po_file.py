"""Reads a file of translations (gettext's PO format).

Babel reads these, too, with all that translators' tools need; whoever starts the program waits for
this one, which only wants the texts and imports nothing.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from gettext import c2py
from pathlib import Path
from typing import Final

_ESCAPED: Final = re.compile(r"\\(.)")
_CONTROLS: Final = {"n": "\n", "t": "\t", "r": "\r"}
_PLURAL: Final = re.compile(r"plural=(.+?);?\s*$", re.MULTILINE)


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


def read_catalogue(file: Path) -> Catalogue:
    """The texts of a file that are translated whole; those marked as fuzzy are not.

    Raises:
        ValueError: the file does not say how numbers choose a form.
    """
    texts: dict[tuple[str, str], tuple[str, ...]] = {}
    for fields in _entries(file.read_text("utf-8")):
        forms = tuple(text for name, text in fields.items() if name.startswith("msgstr"))
        if "msgid" in fields and all(forms):
            texts[fields.get("msgctxt", ""), fields["msgid"]] = forms
    header = texts.pop(("", ""), ("",))[0]
    plural = _PLURAL.search(header)
    if plural is None:
        raise ValueError(f"{file.name} has no plural forms in its header")
    return Catalogue(texts, c2py(plural[1]))


def _entries(text: str) -> Iterator[dict[str, str]]:
    """What stands behind each keyword of an entry; entries have an empty line between them."""
    for entry in text.split("\n\n"):
        fields: dict[str, str] = {}
        name = ""
        for line in entry.split("\n"):
            if line.startswith("#,") and "fuzzy" in line:
                break
            if line.startswith("msg"):
                name, _blank, line = line.partition(" ")  # noqa: PLW2901
                fields[name] = ""
            if name and line.startswith('"'):
                fields[name] += _plain(line.rstrip()[1:-1])
        else:
            yield fields


def _plain(string: str) -> str:
    if "\\" not in string:
        return string
    return _ESCAPED.sub(lambda found: _CONTROLS.get(found[1], found[1]), string)
