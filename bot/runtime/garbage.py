"""What a full collection of garbage goes through while the bot runs."""

import gc


def leave_in_place() -> None:
    """Leave all that is there by now out of collections, as long as the process runs.

    Modules, statements and models stay as long. A full collection that goes through them keeps
    every thread waiting for 0.15 s, and comes when many posts do.
    """
    gc.collect()
    gc.freeze()
