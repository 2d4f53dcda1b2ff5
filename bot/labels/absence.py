"""When a post that cannot be seen is looked for again. Out of sight is not gone.

A post is withdrawn at once only on proof that it was deleted. Until its label cannot be had any
more it waits: private subreddits open again, moderators approve what a filter took away, and
permissions come back. At the end it is withdrawn only if every look since its score was last read
found it out of sight, and at least two did: one moment tells nothing.
"""

from datetime import datetime, timedelta

#: Waits between two looks double from the first to the longest.
FIRST_WAIT = timedelta(minutes=5)
LONGEST_WAIT = timedelta(minutes=40)

#: Waits before a question that got no answer is asked again: the first, and the longest.
FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(minutes=10)

#: For how long an answer is waited for that comes too late for a label: it may still be proof
#: that the post was deleted.
GRACE = timedelta(days=1)


def look_again_at(
    now: datetime, tries: int, *, posted_at: datetime, horizon: timedelta, late_share: float
) -> datetime | None:
    """When to look again for a post that is out of sight; None: it would be too late for a label.

    Args:
        now: aware.
        tries: how often it was looked for in vain before.
        posted_at: when it was posted, aware.
        horizon: the age at which its score is final.
        late_share: how late the final score may be read, as a share of the horizon.
    """
    too_late = posted_at + horizon * (1 + late_share)
    if now >= too_late:
        return None
    wait = min(FIRST_WAIT * (1 << min(max(tries, 0), 16)), LONGEST_WAIT)
    # The last look is at the last moment.
    return min(now + wait, too_late)


def ask_again_at(
    now: datetime, *, posted_at: datetime, horizon: timedelta, late_share: float
) -> datetime | None:
    """When to ask again for a reading that got no answer; None: it is too late for any.

    The longer the answer is missing, the longer the wait. Arguments as for `look_again_at`.
    """
    if now >= posted_at + horizon * (1 + late_share) + GRACE:
        return None
    final_at = posted_at + horizon
    missing_for = now - (final_at if now >= final_at else posted_at)
    again = now + min(max(missing_for / 10, FIRST_PAUSE), LONGEST_PAUSE)
    # The final score is not asked for later than it must be.
    return min(again, final_at) if now < final_at else again


def was_never_in_sight(*, tries: int, hidden_looks: int) -> bool:
    """Whether a post that is out of sight at the last look was so at every look before.

    Args:
        tries: looks in vain before the last one, since its score was last read.
        hidden_looks: how many of them found it out of sight.
    """
    return 0 < tries <= hidden_looks
