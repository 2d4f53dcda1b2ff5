"""How a community wants to be treated: what can be set, and what is refused. No database."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, TypedDict
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.texts.translate import gettext as _
from storage.tables import Community
from storage.types import ReplyMode

#: A score needs a while to mean something, and a label that comes after a month teaches nothing.
LEAST_HORIZON, MOST_HORIZON = timedelta(minutes=10), timedelta(days=30)
LEAST_GUESSING = timedelta(minutes=1)
MOST_REPLIES_PER_MINUTE = 60
_MINUTES_OF_A_DAY = 24 * 60
#: What the table takes; the longest real name has 32 characters.
_LONGEST_TIME_ZONE = 64


class SettingRefused(Exception):
    """A setting cannot be what was asked for; nothing was changed.

    Attributes:
        reason: a stable slug, for platforms that say it in other words or languages.
        values: what the sentence speaks of, by name.
    """

    def __init__(self, reason: str, sentence: str, **values: object) -> None:
        super().__init__(sentence)
        self.reason = reason
        self.values: Mapping[str, object] = values


class CommunityChange(TypedDict, total=False):
    """What can be changed of a community; names, units and ranges as in the table."""

    name: str
    horizon_seconds: int
    low_up_to: int | None
    medium_up_to: int | None
    reply_mode: ReplyMode
    blind: bool
    min_percentile: float | None
    quiet_from: int | None
    quiet_until: int | None
    time_zone: str
    replies_per_minute: int | None
    guess_seconds: int
    guess_score: int | None
    #: Whether the board's site shows it; None: by the rule of `bot.visibility`.
    on_site: bool | None
    #: Merged into what is there; a value of None takes the option away.
    options: Mapping[str, Any]


def check_settings(community: Community) -> None:
    """Refuse settings that are out of range or do not fit together.

    Raises:
        SettingRefused: names the first such setting.
    """
    horizon = timedelta(seconds=community.horizon_seconds)
    if not LEAST_HORIZON <= horizon <= MOST_HORIZON:
        raise SettingRefused(
            "horizon",
            "A horizon is between 10 minutes and 30 days.",
            least=round(LEAST_HORIZON / timedelta(hours=1), 2),
            most=MOST_HORIZON // timedelta(hours=1),
        )
    low, medium = community.low_up_to, community.medium_up_to
    if (low is None) != (medium is None):
        raise SettingRefused(
            "thresholds_pair", "Fixed buckets need both scores: where low ends, where medium ends."
        )
    if low is not None and medium is not None and low >= medium:
        raise SettingRefused(
            "thresholds_order", "The score where low ends must be below the one where medium ends."
        )
    least = community.min_percentile
    if least is not None and not 0 <= least <= 1:
        raise SettingRefused("min_percentile", "The least percentile is 0 to 100%.")
    _check_quiet_hours(community)
    rate = community.replies_per_minute
    if rate is not None and not 1 <= rate <= MOST_REPLIES_PER_MINUTE:
        raise SettingRefused(
            "replies_per_minute",
            _("Replies a minute are 1 to {most}, or without a limit.").format(
                most=MOST_REPLIES_PER_MINUTE
            ),
            most=MOST_REPLIES_PER_MINUTE,
        )
    guessing = timedelta(seconds=community.guess_seconds)
    if not LEAST_GUESSING <= guessing <= MOST_HORIZON:
        raise SettingRefused(
            "guess_seconds",
            "Guessing closes after a minute to 30 days.",
            least=LEAST_GUESSING // timedelta(minutes=1),
            most=MOST_HORIZON // timedelta(minutes=1),
        )
    if community.guess_score is not None and community.guess_score < 1:
        raise SettingRefused("guess_score", "The score that closes guessing is at least 1.")


def _check_quiet_hours(community: Community) -> None:
    begin, end = community.quiet_from, community.quiet_until
    if (begin is None) != (end is None):
        raise SettingRefused("quiet_pair", "Quiet hours need a beginning and an end.")
    for minute in (begin, end):
        if minute is not None and not 0 <= minute < _MINUTES_OF_A_DAY:
            raise SettingRefused("quiet_range", "Quiet hours are times of day, 00:00 to 23:59.")
    if not time_zone_exists(community.time_zone):
        raise SettingRefused(
            "time_zone", "There is no such time zone; use a name such as Europe/Berlin or UTC."
        )


def time_zone_exists(name: str) -> bool:
    """Whether ``name`` is one of the world's time zones, such as ``Europe/Berlin``."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        # What zoneinfo raises on names that lead nowhere, out of its folder, or to a folder.
        return False
    return len(name) <= _LONGEST_TIME_ZONE
