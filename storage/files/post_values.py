"""What the cells of a file of posts say: ids, numbers, names, however written."""

import re
from html import unescape
from math import isfinite
from numbers import Real
from typing import Any, Final

#: Longest id that is accepted.
MAX_ID: Final = 100

#: Longer titles are cut; no platform's are.
MAX_TITLE: Final = 10_000
#: Longer names of genres are cut, characters: no genre has one.
MAX_GENRE: Final = 64

#: What exports write where the author's account is gone.
_NOBODY: Final = frozenset({"", "none", "null", "nan", "[deleted]", "[removed]"})

#: What programs write where there is nothing.
_NOTHING: Final = frozenset({"", "nan", "none", "null", "na", "n/a", "<na>", "nat"})

#: Endings of image files that can be read.
IMAGE_ENDINGS: Final = (
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".webp", ".gif", ".avif", ".heic", ".heif",
    ".hif", ".bmp", ".dib", ".tif", ".tiff",
)  # fmt: skip

_FULL_NAME: Final = re.compile(r"t3_([0-9a-z]{1,12})", re.IGNORECASE)
_IN_ADDRESS: Final = re.compile(
    r"(?:/comments|\bredd\.it)/([0-9a-z]{1,12})(?:[/?#]|$)", re.IGNORECASE
)
_ENTITY: Final = re.compile(
    r"&(?:amp|lt|gt|quot|apos|nbsp|#\d{1,7}|#x[0-9a-f]{1,6});", re.IGNORECASE
)
_PLAIN_NUMBER: Final = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d{1,3})?")
_GROUPED_NUMBER: Final = re.compile(
    r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?|[+-]?\d{1,3}(?:[ '’]\d{3})+"
    r"|[+-]?\d{1,2}(?:,\d{2})+,\d{3}"  # as in India
)
#: What can be read in one way only though its point is a comma, or its commas are points.
_OTHER_COMMA: Final = re.compile(
    r"[+-]?\d{1,3}(?:\.\d{3}){2,}(?:,\d+)?|[+-]?\d{1,3},\d{1,2}[km]", re.IGNORECASE
)
_UNIT: Final = re.compile(r"(?:points?|upvotes?|votes?|likes?|pts)$", re.IGNORECASE)
_MULTIPLES: Final = {"k": 1e3, "m": 1e6, "b": 1e9}


def is_blank(value: Any) -> bool:
    """Whether a cell has nothing in it."""
    if isinstance(value, str):
        return not value.strip()
    return value is None or value != value


def is_nothing(value: Any) -> bool:
    """Whether a cell is blank, or says so in a word of programs: ``NaN``, ``null``.

    Not for ids: ``none`` is one of Reddit's.
    """
    return is_blank(value) or (isinstance(value, str) and value.strip().casefold() in _NOTHING)


def read_id(value: Any) -> str | None:
    """The id of a post, without Reddit's ``t3_``; None where it is none.

    Raises nothing; a number is an id, too, and an address of Reddit holds one.
    """
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if abs(value) < 10**MAX_ID else None
    if not isinstance(value, str):
        return None
    text = value.strip()
    if (inside := _IN_ADDRESS.search(text)) is not None:
        return inside[1]
    text = text.removeprefix("t3_")
    return text if 0 < len(text) <= MAX_ID and storable(text) == text else None


def is_full_name(value: Any) -> bool:
    """Whether it is an id by Reddit's own spelling: ``t3_abc``, or the address of a post."""
    return isinstance(value, str) and (
        _FULL_NAME.fullmatch(value.strip()) is not None or _IN_ADDRESS.search(value) is not None
    )


def read_number(value: Any) -> float | None:
    """A finite number, also written for people: ``1,234``, ``12.3k``, ``-5 points``, ``−7``."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        return _number_in(value)
    if not isinstance(value, Real) and not hasattr(value, "as_integer_ratio"):
        return None
    try:
        number = float(value)
    except (OverflowError, ValueError):
        # JSON knows integers of any length.
        return None
    return number if isfinite(number) else None


def _number_in(text: str) -> float | None:
    text = re.sub(r"[\u00a0\u2009\u202f]", " ", text.strip())
    text = _UNIT.sub("", re.sub(r"^[\u2212\u2013]", "-", text)).rstrip()
    if _OTHER_COMMA.fullmatch(text):
        text = text.replace(".", "").replace(",", ".")
    multiple = 1.0
    if text[-1:].casefold() in _MULTIPLES:
        multiple = _MULTIPLES[text[-1].casefold()]
        text = text[:-1].rstrip()
    if _GROUPED_NUMBER.fullmatch(text):
        text = re.sub(r"[ ,'’]", "", text)
    elif not _PLAIN_NUMBER.fullmatch(text.casefold()):
        return None
    number = float(text) * multiple
    return round(number, 6) if isfinite(number) else None


def read_text(value: Any) -> str:
    """Text as people would read it: ``&amp;`` is ``&``; empty where it is no text."""
    if not isinstance(value, str):
        return ""
    return storable(_ENTITY.sub(lambda entity: unescape(entity[0]), value))


def read_author(value: Any) -> str | None:
    """The author's name without ``u/``; None where the account is gone."""
    if not isinstance(value, str) or value.strip().casefold() in _NOBODY:
        return None
    return storable(re.sub(r"^/?u/(?=.)", "", value.strip()))


def is_address(value: Any) -> bool:
    """Whether it is an address of the web."""
    return isinstance(value, str) and value.strip().casefold().startswith(("http://", "https://"))


def is_image_name(value: Any) -> bool:
    """Whether it ends as the names of image files do."""
    if not isinstance(value, str):
        return False
    return value.strip().partition("?")[0].casefold().endswith(IMAGE_ENDINGS)


def storable(text: str) -> str:
    """The text without what JSON can spell and a database cannot hold: half pairs and NUL."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")
