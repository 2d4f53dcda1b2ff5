"""Words that no caption of Peoria's may have, whoever wrote it."""

import codecs
import re
import unicodedata
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Self

#: Slurs, one a line, each letter moved thirteen places, so that nobody reads them by accident.
_SHIPPED = Path(__file__).parent / "blocked_words.txt"

#: Letters that are written as digits or signs to get past lists.
_DISGUISED = str.maketrans("013457@$!|+", "oieastasiit")

#: What points at one person or leads elsewhere: mentions, addresses, links, telephone numbers.
_PRIVATE = re.compile(
    r"(?<!\w)[@#]\w|(?<!\w)/?u/\w|\S+@\S+\.\w|https?:|www\.|\w\.(?:com|net|org|gg|ru)\b"
    r"|<[@#!a-z/]|(?:\d[ .()-]?){7,}",
    re.IGNORECASE,
)


class SafetyList:
    """Says whether a text may be shown.

    Args:
        words: what may not be in it: whole words or phrases, in any case and disguise. A word that
            ends with ``*`` stands for all that begin with it.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self._words = tuple(sorted({plain for word in words if (plain := _plain(word, "*"))}))

    @classmethod
    def shipped(cls, more: Iterable[str] = ()) -> Self:
        """The shipped list with more words."""
        lines = codecs.decode(_SHIPPED.read_text("utf-8"), "rot13").splitlines()
        return cls([*(line for line in lines if line and not line.startswith("#")), *more])

    @cached_property
    def _pattern(self) -> re.Pattern[str] | None:
        if not self._words:
            return None
        parts = (
            re.escape(word.rstrip("*")) + (r"\w*" if word.endswith("*") else "s?")
            for word in self._words
        )
        return re.compile(r"(?<!\w)(?:" + "|".join(parts) + r")(?!\w)")

    def refuses(self, text: str) -> bool:
        """Whether a text has one of the words, or something that points at a person."""
        if _PRIVATE.search(unicodedata.normalize("NFKC", text)):
            return True
        if self._pattern is None:
            return False
        plain = _plain(text)
        together = re.sub(r"(?<=\b\w) (?=\w\b)", "", plain)
        return any(self._pattern.search(each) for each in (plain, together))


def _plain(text: str, keep: str = "") -> str:
    """Lower case without accents, disguises or signs: words parted by one space."""
    apart = unicodedata.normalize("NFKD", text.lower())
    letters = "".join(each for each in apart if not unicodedata.combining(each))
    shown = letters.translate(_DISGUISED)
    # Zero-width letters hide nothing.
    shown = "".join(each for each in shown if unicodedata.category(each) != "Cf")
    return " ".join("".join(c if c.isalnum() or c in keep else " " for c in shown).split())
