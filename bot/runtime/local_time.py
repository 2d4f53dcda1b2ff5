"""The next time at which the clocks of a place show something."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo


def next_local_time(
    after: datetime, *, minute: int, weekday: int | None, time_zone: str
) -> datetime:
    """The first moment after another at which clocks show a time of day (UTC).

    A time that is left out when clocks are set forward comes an hour later by them; one that comes
    twice counts the first time.

    Args:
        after: aware.
        minute: of the day, 0 to 1439.
        weekday: Monday is 0; None: any.
        time_zone: of the clocks, such as ``Europe/Berlin``.
    """
    zone = ZoneInfo(time_zone)
    day = after.astimezone(zone).date()
    while True:
        if weekday is None or day.weekday() == weekday:
            local = datetime.combine(day, time(minute // 60, minute % 60), zone)
            moment = local.astimezone(UTC)
            if moment > after:
                return moment
        day += timedelta(days=1)
