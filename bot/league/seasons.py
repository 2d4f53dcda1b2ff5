"""Seasons of the league: calendar months, by the clocks of one time zone."""

import re
from datetime import UTC, datetime, timedelta
from typing import TypeAlias
from zoneinfo import ZoneInfo

from storage.errors import ExpectedError

#: The season that spans all the others.
ALL_TIME = "all"

Bounds: TypeAlias = tuple[datetime, datetime]

_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")


class UnknownSeason(ExpectedError):
    """A text that is no season; the message says how a season is written."""


def season_of(moment: datetime, time_zone: str) -> str:
    """The season that ``moment`` (aware) falls in, as ``2026-11``."""
    local = moment.astimezone(ZoneInfo(time_zone))
    month = f"{local.year:04}-{local.month:02}"
    _, end = season_bounds(month, time_zone)
    # Where clocks are set back across a midnight, an hour of the old month comes after the new
    # one has begun: it counts for the new month, so that seasons never go backwards.
    return month if moment < end else season_of(end, time_zone)


def season_bounds(season: str, time_zone: str) -> Bounds:
    """When a season begins, and when the next one does (UTC): first midnight to first midnight.

    ``all`` spans every moment there is.

    Raises:
        UnknownSeason: ``season`` is neither a month nor ``all``.
    """
    if season == ALL_TIME:
        return datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    year, month = _parse(season)
    zone = ZoneInfo(time_zone)
    begin = datetime(year, month, 1, tzinfo=zone)
    end = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=zone)
    return begin.astimezone(UTC), end.astimezone(UTC)


def season_before(season: str, time_zone: str) -> str:
    """The month before a month."""
    begin, _ = season_bounds(season, time_zone)
    return season_of(begin - timedelta(days=1), time_zone)


def read_season(text: str, *, now: datetime, time_zone: str) -> str:
    """What a person wrote as a season: ``now``, ``all``, or a month as ``2026-11``.

    Raises:
        UnknownSeason: it is none of these.
    """
    words = text.strip().lower()
    if words in ("now", "current", "this month", ""):
        return season_of(now, time_zone)
    if words in (ALL_TIME, "all time", "all-time"):
        return ALL_TIME
    _parse(words)
    return words


def _parse(season: str) -> tuple[int, int]:
    match = _MONTH.fullmatch(season)
    # The first and the last year that datetime knows have no neighbours.
    if match is None or not 1 < int(match[1]) < 9999:
        raise UnknownSeason(
            f"{season!r} is not a season. A season is a month, written as 2026-11, or all for"
            " all time."
        )
    return int(match[1]), int(match[2])
