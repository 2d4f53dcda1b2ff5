"""When a post that cannot be seen is looked for again. Out of sight is not gone.

A post is withdrawn at once only on proof that it was deleted. Until its label cannot be had any
more it waits: private subreddits open again, moderators approve what a filter took away, and
permissions come back.
"""

from datetime import datetime, timedelta

#: Waits between two looks double from the first to the longest.
FIRST_WAIT = timedelta(minutes=5)
LONGEST_WAIT = timedelta(minutes=40)


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
