"""What the cells of a file of posts say: ids, numbers, dates, names, however written."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
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
_IN_ADDRESS: Final = re.compile(r"/comments/([0-9a-z]{1,12})(?:[/?#]|$)", re.IGNORECASE)
_ENTITY: Final = re.compile(
    r"&(?:amp|lt|gt|quot|apos|nbsp|#\d{1,7}|#x[0-9a-f]{1,6});", re.IGNORECASE
)
_TWO_WAY: Final = re.compile(
    r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(?:[ T,]+(\d{1,2}):(\d{2})(?::(\d{2}))? *([AP]M)?)?",
    re.IGNORECASE,
)
_PLAIN_NUMBER: Final = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d{1,3})?")
_GROUPED_NUMBER: Final = re.compile(
    r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?|[+-]?\d{1,3}(?:[ '’]\d{3})+"
)
_UNIT: Final = re.compile(r"\s*(?:points?|upvotes?|votes?|likes?|pts)$", re.IGNORECASE)
_MULTIPLES: Final = {"k": 1e3, "m": 1e6, "b": 1e9}

#: Above these a moment is not in seconds but in milli-, micro- or nanoseconds.
_FINER: Final = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3))


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
    text = re.sub(r"[\u00a0\u2009\u202f]", " ", text.strip()).replace("\u2212", "-")
    text = _UNIT.sub("", text)
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


def _is_compact_date(value: Any) -> bool:
    """``20190708``: a number of seconds of that size would be in 1970, before any platform."""
    return isinstance(value, str) and re.fullmatch(r"(?:19|20)\d{6}", value.strip()) is not None


@dataclass(frozen=True, slots=True)
class TwoWayDate:
    """A date such as ``07/08/2019 5:30 PM``, of which other rows tell which number is the day."""

    first: int
    second: int
    rest: tuple[int, int, int, int]  # year, hour, minute, second

    @property
    def day_first(self) -> bool | None:
        """Whether the day comes first; None where it may be either."""
        if (self.first > 12) == (self.second > 12):
            return None
        return self.first > 12

    def read(self, *, day_first: bool) -> datetime | None:
        """The moment in UTC; None where there is none."""
        day, month = (self.first, self.second) if day_first else (self.second, self.first)
        year, hour, minute, second = self.rest
        try:
            return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
        except ValueError:
            return None


def read_two_way_date(value: Any) -> TwoWayDate | None:
    """A date with its year at the end and numbers before it; None where it is none."""
    found = _TWO_WAY.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        return None
    first, second, year, hour, minute, seconds = (int(each or 0) for each in found.groups()[:6])
    half = (found[7] or "").upper()
    if half:
        hour = hour % 12 + 12 * (half == "PM")
    return TwoWayDate(first, second, (year, hour, minute, seconds))


def read_moment(value: Any) -> datetime | float | None:
    """A moment: aware, or seconds since 1970 (from which milliseconds are told); None if neither.

    Dates without a time zone are UTC. ``07/08/2019`` may be two days: see `read_two_way_date`.
    """
    if isinstance(value, datetime):
        return value if value.tzinfo is not None else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    number = None if _is_compact_date(value) else read_number(value)
    if number is not None:
        return next((number / unit for above, unit in _FINER if abs(number) > above), number)
    if not isinstance(value, str):
        return None
    text = value.strip()
    text = (
        text.removesuffix(" UTC").removesuffix(" GMT").replace("/", "-")
        if text[:4].isdecimal()
        else text
    )
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = read(text)
        except (ValueError, TypeError, IndexError):
            continue
        return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return None


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
