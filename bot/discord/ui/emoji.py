"""What people give as an emoji."""

import re
import unicodedata

_CUSTOM = re.compile(r"<(a?):(\w{2,32}):(\d{15,20})>")
#: Longest sequence of a single emoji in code points: a family of four, or a flag of tags.
_LONGEST = 16
_KEYCAP, _JOINER = "\u20e3", "\u200d"
#: Symbols; signs that change a symbol; what joins symbols.
_CATEGORIES = {"So", "Sk", "Mn", "Cf", "Me"}


def custom_emoji_id(text: str) -> int | None:
    """The id of a server's own emoji, written as ``<:name:id>``; None for anything else."""
    match = _CUSTOM.fullmatch(text.strip())
    return int(match[3]) if match else None


def is_unicode_emoji(text: str) -> bool:
    """Whether ``text`` is one emoji of Unicode, as far as its characters tell.

    Python knows no list of emoji: symbols that are none, such as ``▲``, pass.
    """
    if not 0 < len(text) <= _LONGEST:
        return False
    if text.endswith(_KEYCAP):
        return text[0] in "0123456789#*" and len(text) <= 3
    if any(unicodedata.category(each) not in _CATEGORIES for each in text):
        return False
    if unicodedata.category(text[0]) != "So":
        return False
    # Of several symbols each one after the first is joined, or they are the two letters of a flag.
    symbols = [place for place, each in enumerate(text) if unicodedata.category(each) == "So"]
    if all(0x1F1E6 <= ord(text[place]) <= 0x1F1FF for place in symbols):
        return len(symbols) == 2 == len(text)
    return all(text[place - 1] == _JOINER for place in symbols[1:])
