"""Takes its share of some things, and says what that is whenever it changes.

``python -m tests.fakes.lease_sharer DATABASE_URL NAME…`` looks ten times a second.
"""

import asyncio
import sys

from bot.shared_leases import SharedLeases
from storage.engine.database import Database


async def main(url: str, *names: str) -> None:
    """Share, say."""
    shared = SharedLeases(Database(url), "reddit r/", term=6.0)
    before: frozenset[str] | None = None
    while True:
        await shared.share(names)
        if shared.held != before:
            before = shared.held
            print(*sorted(before), flush=True)
        await asyncio.sleep(0.1)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
