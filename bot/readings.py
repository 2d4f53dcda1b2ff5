"""When a post's score is read: at a few early ages, and at the horizon."""

from datetime import datetime, timedelta

#: Ages of the early readings, seconds; those at or beyond a community's horizon are left out.
EARLY = (600, 3600, 6 * 3600)


def ages(horizon_seconds: int) -> tuple[int, ...]:
    """Ages at which a score is read, ascending, seconds; the last one is the horizon."""
    return (*(age for age in EARLY if age < horizon_seconds), horizon_seconds)


def reading_at(age_seconds: float, horizon_seconds: int) -> int | None:
    """The reading that a score of this age counts as: the latest that was due; None if none was."""
    due = [age for age in ages(horizon_seconds) if age <= age_seconds]
    return due[-1] if due else None


def next_reading_at(posted_at: datetime, horizon_seconds: int, now: datetime) -> datetime:
    """When the next reading is due. Never later than the horizon: a missed one is due at once."""
    age = (now - posted_at).total_seconds()
    coming = [each for each in ages(horizon_seconds) if each > age]
    return posted_at + timedelta(seconds=coming[0] if coming else horizon_seconds)
