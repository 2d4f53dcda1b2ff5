"""How long a step that failed waits for another try, and how often it is tried."""

from datetime import timedelta

#: Tries of one step before it is given up; the waits between them double, about an hour in all.
MAX_TRIES = 8
FIRST_WAIT = timedelta(seconds=15)


def wait_after(tries: int) -> timedelta:
    """How long a step waits that failed for the first time (``tries`` 0), or once more."""
    return FIRST_WAIT * (1 << min(tries, MAX_TRIES))
