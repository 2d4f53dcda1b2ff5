"""Schedules in the five fields of cron, in a time zone."""

import re
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger

#: Instead of a schedule: never.
OFF = "off"

_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_DAY = re.compile(r"(?P<first>[a-z]+|\d+|\*)(?:-(?P<last>[a-z]+|\d+))?(?:/(?P<step>\d+))?")


def cron_trigger(text: str, time_zone: str) -> CronTrigger | None:
    """The times that a schedule names; None for ``off``.

    Days of the week are those of cron, 0 and 7 being Sunday: APScheduler counts them from Monday.

    Args:
        text: minute, hour, day of month, month, day of week; or ``off``.
        time_zone: name of the time zone, as ``Europe/Berlin``.

    Raises:
        ValueError: it is not a schedule; the message says why, without repeating it.
    """
    if text.strip().lower() == OFF:
        return None
    fields = text.lower().split()
    if len(fields) != 5:
        raise ValueError(
            "five fields are needed, minute, hour, day of month, month and day of week, as in"
            " 30 4 * * *; or off"
        )
    minute, hour, day, month, weekday = fields
    if day != "*" and weekday != "*":
        # cron means either of the two, APScheduler both: refused, so that nobody is surprised.
        raise ValueError("give a day of the month or a day of the week, not both")
    try:
        return CronTrigger(
            minute=minute,
            hour=hour,
            day=day,
            month=month,
            day_of_week=_weekdays(weekday),
            timezone=ZoneInfo(time_zone),
        )
    except ValueError as error:
        raise ValueError("the fields cannot be read; 30 4 * * 1-5 is a schedule") from error


def _weekdays(field: str) -> str:
    """cron's days of the week by their names, which mean the same everywhere."""
    if field == "*":
        return field
    days = sorted({day for part in field.split(",") for day in _span(part)})
    return ",".join(_DAYS[day] for day in days)


def _span(part: str) -> list[int]:
    match = _DAY.fullmatch(part)
    if match is None:
        raise ValueError("no day of the week")
    step = int(match["step"] or 1)
    if step == 0:
        raise ValueError("a step of 0 goes nowhere")
    if match["first"] == "*":
        first, last = 0, 6
    else:
        first = _number(match["first"])
        last = _number(match["last"]) if match["last"] else (6 if match["step"] else first)
        if last < first:
            # As in fri-mon, and in 5-0.
            last += 7
    return [day % 7 for day in range(first, last + 1, step)]


def _number(day: str) -> int:
    if day.isdigit() and int(day) <= 7:
        return int(day)
    if day in _DAYS:
        return _DAYS.index(day)
    raise ValueError("no day of the week")
