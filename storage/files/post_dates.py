"""When a post was made, however a file says it."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import Any, Final

from storage.files.post_values import read_number

_TIME: Final = (
    r"(?:[ T,]+(?:at )?(?P<hour>\d{1,2}):(?P<minute>\d{2})"
    r"(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?(?: ?(?P<half>[AP])M)?)?"
)
_TWO_WAY: Final = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})" + _TIME, re.IGNORECASE)
_YEAR_FIRST: Final = r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})"
_DAY_FIRST: Final = (
    r"(?P<day>\d{1,2})(?:st|nd|rd|th)?[ .-]+(?P<name>[a-z]{3,9})[ .,-]+(?P<year>\d{4})"
)
_MONTH_FIRST: Final = r"(?P<name>[a-z]{3,9})\.? (?P<day>\d{1,2})(?:st|nd|rd|th)?,? (?P<year>\d{4})"
_WEEKDAY: Final = r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?[, ]+)?"
_ZONE: Final = (
    r" ?(?:(?P<zone>[a-z]{1,4})|(?:GMT|UTC)?(?P<sign>[+-])(?P<hours>\d{2}):?(?P<minutes>\d{2}))?"
)
#: A date that can be one day alone, with a time and a zone or without.
_ONE_WAY: Final = tuple(
    re.compile(_WEEKDAY + form + _TIME + _ZONE + r"(?: ?\(.{1,40}\))?", re.IGNORECASE)
    for form in (_YEAR_FIRST, _DAY_FIRST, _MONTH_FIRST)
)
_MONTHS: Final = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip
#: Zones by name, hours east of UTC: those of e-mails (RFC 2822, 4.3). Others mean several places.
_ZONES: Final = {
    "z": 0, "utc": 0, "gmt": 0, "ut": 0, "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7,
    "mdt": -6, "pst": -8, "pdt": -7,
}  # fmt: skip

#: Above these a moment is not in seconds but in milli-, micro- or nanoseconds.
_FINER: Final = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3))
#: Sheets count days from here. The numbers of the years 2000 to 2099 would be seconds of 1970,
#: before any platform.
_DAY_ZERO: Final = datetime(1899, 12, 30, tzinfo=UTC)
_SHEET_DAYS: Final = (36_526, 73_051)


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
    return TwoWayDate(first, second, (year, _hour(hour, found["half"]), minute, seconds))


def read_moment(value: Any) -> datetime | float | None:
    """A moment: aware, or seconds since 1970 (from which milliseconds are told); None if neither.

    Dates without a time zone are UTC. ``07/08/2019`` may be two days: see `read_two_way_date`.
    What is said besides a date must be understood, too: ``2:40 CEST`` is no moment.
    """
    if isinstance(value, datetime):
        return value if value.tzinfo is not None else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    number = None if _is_compact_date(value) else read_number(value)
    if number is not None:
        if _SHEET_DAYS[0] <= number < _SHEET_DAYS[1]:
            return _DAY_ZERO + timedelta(days=round(number, 8))
        return next((number / unit for above, unit in _FINER if abs(number) > above), number)
    if isinstance(value, int | float) and _is_compact_date(value):
        value = str(int(value))
    return _moment_in(value.strip()) if isinstance(value, str) else None


def _is_compact_date(value: Any) -> bool:
    """``20190708``: a number of seconds of that size would be in 1970, before any platform."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return isinstance(value, str | int) and (
        re.fullmatch(r"(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])", str(value).strip())
        is not None
    )


def _moment_in(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        pass
    else:
        return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    for form in _ONE_WAY:
        if (found := form.fullmatch(text)) is not None:
            return _one_way(found)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if moment.tzinfo is not None:
        return moment
    # It takes words that it does not know for nothing.
    return None if re.search(r"[^\W\d]\W*$", text) else moment.replace(tzinfo=UTC)


def _one_way(found: re.Match[str]) -> datetime | None:
    """The moment of a match of `_ONE_WAY`; None where there is no such day, month or zone."""
    names = found.groupdict()
    if (name := names.get("name")) is not None:
        months = [
            place for place, full in enumerate(_MONTHS, 1) if full.startswith(name.casefold())
        ]
        if name.casefold() == "sept":
            months = [9]
        month = months[0] if len(months) == 1 else 0
    else:
        month = int(names["month"])
    zone = (names["zone"] or "utc").casefold()
    if zone not in _ZONES:
        return None
    east = timedelta(hours=_ZONES[zone])
    if names["sign"]:
        east = timedelta(hours=int(names["hours"]), minutes=int(names["minutes"]))
        east = -east if names["sign"] == "-" else east
    try:
        return datetime(
            int(names["year"]), month, int(names["day"]),
            _hour(int(names["hour"] or 0), names["half"]), int(names["minute"] or 0),
            int(names["second"] or 0), int((names["fraction"] or "").ljust(6, "0")[:6]),
            tzinfo=timezone(east),
        )  # fmt: skip
    except ValueError:
        return None


def _hour(hour: int, half: str | None) -> int:
    """The hour of the day, 0 to 23, of one of a clock that may have ``AM`` or ``PM``."""
    if not half:
        return hour
    return hour % 12 + 12 * (half.upper() == "P")
