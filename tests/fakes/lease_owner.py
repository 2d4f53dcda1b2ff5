"""Holds a lease for three seconds at a time, and writes by right of it whenever it is told to.

``python -m tests.fakes.lease_owner DATABASE_URL NAME`` prints ``written`` or ``refused`` at once,
and after each line of its input.
"""

import asyncio
import sys

from sqlalchemy.orm import Session

from bot.leases import Lease, LeaseLost
from storage.engine.database import Database
from storage.engine.upsert import insert_if_new
from storage.tables import InstallationFact


def _write(session: Session) -> None:
    insert_if_new(session, InstallationFact, name="owner", value="wrote")


async def main(url: str, name: str) -> None:
    """Hold, write, say."""
    database = Database(url)
    lease = Lease(database, name, term=3.0)
    assert await lease.hold()
    with lease.guarding():
        while True:
            try:
                await database.run_write(_write)
            except LeaseLost:
                print("refused", flush=True)
            else:
                print("written", flush=True)
            if not await asyncio.to_thread(sys.stdin.readline):
                return


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
