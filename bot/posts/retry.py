"""Whether a step that failed is tried again, and when: the pauses grow, and there is an end."""

import logging
from datetime import datetime, timedelta

from bot.platform import PlatformUnavailable, RequestFailed, RequestRefused

log = logging.getLogger(__name__)

#: What platforms say where they do not do what was asked.
_ANSWERS = (PlatformUnavailable, RequestRefused, RequestFailed)

#: Tries of one step before it is given up; the waits between them double, about an hour in all.
MAX_TRIES = 8
#: Tries where nobody knows why it failed: the fault may lie with us, and would stay.
FEW_TRIES = 4
FIRST_WAIT = timedelta(seconds=15)
#: How long a reply that was sent is still changed after its post's horizon.
OUTCOME_DAYS = timedelta(days=7)


def wait_after(tries: int) -> timedelta:
    """How long a step waits that failed for the first time (``tries`` 0), or once more."""
    return FIRST_WAIT * (1 << min(max(tries, 0), MAX_TRIES))


def next_try(
    error: Exception,
    tries: int,
    *,
    now: datetime,
    until: datetime,
    pause: timedelta | None = None,
) -> datetime | None:
    """When a step that failed is tried again; None: it is given up.

    Args:
        error: what it failed with. A refusal is final; a platform that is away is asked again for
            as long as it matters; whatever else it is may be a fault of ours, and is tried a few
            times only.
        tries: how often it failed before.
        now: aware.
        until: when it does not matter any more, aware.
        pause: before the next try, where the platform asks for no other; None: `wait_after`.
    """
    if pause is None:
        pause = wait_after(tries)
    if isinstance(error, RequestRefused) or now >= until:
        return None
    if isinstance(error, PlatformUnavailable):
        return now + (error.retry_after or pause)
    return None if tries + 1 >= FEW_TRIES else now + pause


def settle_pause(tries: int) -> timedelta:
    """The pause after an outcome could not be shown: a minute, two, four … four hours."""
    return 4 * wait_after(tries)


def change_pause(tries: int) -> timedelta:
    """The pause after a reply could not be changed: none at first, then as `wait_after`."""
    return wait_after(tries - 1) if tries else timedelta()


def log_failure(what: str, error: Exception, retry_at: datetime | None) -> None:
    """Say that a change failed, and whether it is tried again; a fault of ours with its traceback.

    Args:
        what: could not be changed: "The reply to post 3".
        error: what it failed with.
        retry_at: when it is tried again; None: it is left as it is.
    """
    ours = None if isinstance(error, _ANSWERS) else error
    if retry_at is None:
        log.warning("%s is left as it is: %s", what, error, exc_info=ours)
    else:
        level = logging.INFO if ours is None else logging.ERROR
        log.log(level, "%s is changed at %s (%s).", what, retry_at, error, exc_info=ours)
