"""What people give as values of /settings, read into what the tables store."""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any
from zoneinfo import available_timezones

from bot.community_settings import CommunityChange
from bot.discord.ui.error_replies import Refused
from storage.types import ReplyMode

_TIME = r"(\d{1,2})(?:\s*[:.h]?\s*(\d{2}))?(?::00)?\s*([ap]\.?\s?m\.?|uhr|h)?"
_BETWEEN = r"(?:-|–|—|‐|‑|−|~|→|/|to|till?|until|and|bis|und)"
_HOURS = re.compile(rf"(?:from|between|von|zwischen)?\s*{_TIME}\s*{_BETWEEN}\s*{_TIME}")
_ONE_TIME = re.compile(_TIME)
#: Times of day that have a name.
_NAMED = {"midnight": "00:00", "mitternacht": "00:00", "noon": "12:00", "mittag": "12:00"}
#: A time zone as a difference from UTC, such as ``UTC+2`` or ``-05:00``.
_OFFSET = re.compile(r"(?:utc|gmt)?\s*([+−–-])\s*(\d{1,2})(?::?(\d{2}))?")
#: Differences that are no whole hours, by places that keep them all year.
_BROKEN_HOURS: Mapping[tuple[str, int, int], str] = MappingProxyType(
    {
        ("+", 4, 30): "Asia/Kabul",
        ("+", 5, 30): "Asia/Kolkata",
        ("+", 5, 45): "Asia/Kathmandu",
        ("+", 6, 30): "Asia/Yangon",
        ("+", 8, 45): "Australia/Eucla",
        ("+", 9, 30): "Australia/Darwin",
        ("-", 9, 30): "Pacific/Marquesas",
    }
)
_TWO_SCORES = re.compile(r"(-?\d{1,9})[\s,;/]+(-?\d{1,9})")


def read_change(given: Mapping[str, Any]) -> CommunityChange:
    """What changes, from the command's options by name; those that are None were not given.

    Raises:
        Refused: one cannot be read.
    """
    change: CommunityChange = {}
    for name, value in given.items():
        if value is not None:
            change.update(_READERS[name](value))
    return change


def read_buckets(text: str) -> tuple[int | None, int | None]:
    """Where low and medium end: two scores, or two None for the community's thirds.

    Raises:
        Refused: it is neither.
    """
    words = text.strip().casefold()
    if words in ("terciles", "thirds", "drittel", "off", "none"):
        return None, None
    match = _TWO_SCORES.fullmatch(words)
    if match is None:
        raise Refused("refused.thresholds_pair")
    return int(match[1]), int(match[2])


def read_hours(text: str) -> tuple[int | None, int | None]:
    """Minutes after midnight at which quiet hours begin and end, or two None for none.

    Raises:
        Refused: it is neither.
    """
    words = unicodedata.normalize("NFKC", text).strip().casefold()
    if words in ("off", "none", "no", "never", "aus", "keine", "nie"):
        return None, None
    for name, time in _NAMED.items():
        words = words.replace(name, time)
    match = _HOURS.fullmatch(words)
    if match is None:
        raise Refused("refused.quiet_pair")
    begin, end = match.group(1, 2, 3), match.group(4, 5, 6)
    if (end[0], int(end[1] or 0)) == ("24", 0):
        # The end of a day is the beginning of the next.
        end = ("0", None, None)
    return _minutes(*begin), _minutes(*end)


def read_time(text: str) -> int | None:
    """Minutes after midnight of a time of day, such as ``18:00`` or ``6 pm``; None: it is none.

    Raises:
        Refused: there is no such time of day.
    """
    words = unicodedata.normalize("NFKC", text).strip().casefold()
    match = _ONE_TIME.fullmatch(_NAMED.get(words, words))
    return None if match is None else _minutes(match[1], match[2], match[3])


def _minutes(hours: str, minutes: str | None, half: str | None) -> int:
    """Minutes after midnight.

    Raises:
        Refused: there is no such time of day.
    """
    hour, minute = int(hours), int(minutes or 0)
    of_twelve = half is not None and half[0] in "ap"
    if minute > 59 or hour > 23 or (of_twelve and not 1 <= hour <= 12):
        raise Refused("refused.quiet_range")
    if of_twelve:
        hour = hour % 12 + (12 if half is not None and half[0] == "p" else 0)
    return hour * 60 + minute


def read_time_zone(text: str) -> str:
    """The name of a time zone, however it is spelt; what is none of them comes back as it was.

    Differences from UTC have a name, too: for whole hours one with the sign turned round.
    """
    words = unicodedata.normalize("NFKC", text).strip()
    match = _OFFSET.fullmatch(words.casefold())
    if match is None:
        return _zones().get(words.casefold().replace(" ", "_"), words)
    sign, hours, minutes = "+" if match[1] == "+" else "-", int(match[2]), int(match[3] or 0)
    if minutes:
        return _BROKEN_HOURS.get((sign, hours, minutes), words)
    turned = "-" if sign == "+" else "+"
    return f"Etc/GMT{turned}{hours}" if hours else "UTC"


@cache
def _zones() -> Mapping[str, str]:
    """Names of time zones by their small letters; cities alone, too, where there is one of them."""
    names = sorted(available_timezones())
    cities = Counter(name.rpartition("/")[2].casefold() for name in names)
    by_city = {name.rpartition("/")[2].casefold(): name for name in names}
    found = {city: name for city, name in by_city.items() if cities[city] == 1}
    return found | {name.casefold(): name for name in names} | {"z": "UTC"}


def _read_buckets(text: str) -> CommunityChange:
    low, medium = read_buckets(text)
    return {"low_up_to": low, "medium_up_to": medium}


def _read_hours(text: str) -> CommunityChange:
    begin, end = read_hours(text)
    return {"quiet_from": begin, "quiet_until": end}


_READERS: Mapping[str, Callable[[Any], CommunityChange]] = {
    "horizon": lambda hours: {"horizon_seconds": round(hours * 3600)},
    "mode": lambda mode: {"reply_mode": ReplyMode(mode)},
    "blind": lambda blind: {"blind": blind},
    "buckets": _read_buckets,
    "min_percentile": lambda least: {"min_percentile": least / 100 if least else None},
    "quiet_hours": _read_hours,
    "time_zone": lambda name: {"time_zone": read_time_zone(name)},
    "replies_per_minute": lambda most: {"replies_per_minute": most or None},
    "guess_minutes": lambda minutes: {"guess_seconds": minutes * 60},
}
