"""When to try again what was refused: when its credentials change, or after a long while."""

import asyncio
from collections.abc import Callable

#: How often it is looked whether credentials have changed, seconds.
CHECK_SECONDS = 20.0
#: After this long the same credentials are tried again, seconds: what was refused may have been
#: allowed since.
RETRY_SECONDS = 3600.0


async def until_another_try(read: Callable[[], object], refused: object) -> None:
    """Wait until credentials are other than those that were refused, or for an hour.

    Times are by the event loop's clock, which never goes back.

    Args:
        read: gives the credentials as they are now; runs on a thread.
        refused: those that were refused.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + RETRY_SECONDS
    while loop.time() < end:
        await asyncio.sleep(min(CHECK_SECONDS, RETRY_SECONDS))
        if await asyncio.to_thread(read) != refused:
            return
