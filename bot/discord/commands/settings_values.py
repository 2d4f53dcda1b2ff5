"""What people give as values of /settings, read into what the tables store."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from bot.community_settings import CommunityChange
from bot.discord.ui.error_replies import Refused
from storage.types import ReplyMode

_TIME = r"(\d{1,2})(?:[:.h](\d{2}))?\s*([ap]\.?m\.?|uhr|h)?"
_HOURS = re.compile(rf"{_TIME}\s*(?:-|–|—|to|bis|until)\s*{_TIME}")
#: A time zone as a difference from UTC, such as ``UTC+2`` or ``-05:00``.
_OFFSET = re.compile(r"(?:utc|gmt)?\s*([+−-])\s*(\d{1,2})(?::?00)?")
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
    words = text.strip().casefold()
    if words in ("off", "none", "aus", "keine"):
        return None, None
    match = _HOURS.fullmatch(words)
    if match is None:
        raise Refused("refused.quiet_pair")
    return _minutes(*match.group(1, 2, 3)), _minutes(*match.group(4, 5, 6))


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
    """The name of a time zone; whole hours from UTC have one, too, with the sign turned round."""
    match = _OFFSET.fullmatch(text.strip().casefold())
    if match is None:
        return text.strip()
    hours = int(match[2])
    sign = "-" if match[1] == "+" else "+"
    return f"Etc/GMT{sign}{hours}" if hours else "UTC"


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
