"""Reads a file of translations (gettext's PO format).

Babel reads these, too, with all that translators' tools need, in 0.3 s a language; whoever starts
the program waits for this one, which only wants the texts.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from gettext import c2py
from pathlib import Path
from typing import Final

_FIELD: Final = re.compile(
    r'^(msgctxt|msgid|msgid_plural|msgstr(?:\[\d\])?) ((?:"(?:[^"\\\n]|\\.)*"\s*)+)', re.MULTILINE
)
_STRING: Final = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
_ESCAPED: Final = re.compile(r"\\(.)")
_CONTROLS: Final = {"n": "\n", "t": "\t", "r": "\r"}
_FUZZY: Final = re.compile(r"^#,.*\bfuzzy\b", re.MULTILINE)
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
    for entry in file.read_text("utf-8").split("\n\n"):
        fields = {name: _joined(strings) for name, strings in _FIELD.findall(entry)}
        forms = tuple(text for name, text in fields.items() if name.startswith("msgstr"))
        if "msgid" in fields and all(forms) and not _FUZZY.search(entry):
            texts[fields.get("msgctxt", ""), fields["msgid"]] = forms
    header = texts.pop(("", ""), ("",))[0]
    plural = _PLURAL.search(header)
    if plural is None:
        raise ValueError(f"{file.name} has no plural forms in its header")
    return Catalogue(texts, c2py(plural[1]))


def _joined(strings: str) -> str:
    text = "".join(_STRING.findall(strings))
    if "\\" not in text:
        return text
    return _ESCAPED.sub(lambda found: _CONTROLS.get(found[1], found[1]), text)
