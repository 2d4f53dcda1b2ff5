"""When a connection may begin a session on Discord: one in five seconds, whoever else begins one.

Discord divides the shards of a bot into buckets (`max_concurrency` of them) and lets one of a
bucket identify in five seconds. Processes that serve shards of one bot know nothing of each other;
so the moment of the last one is a row in the database.
"""

import asyncio

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from bot.leases import database_time
from storage.engine.database import Database
from storage.engine.guard import unguarded
from storage.engine.scopes import ITS_ROWS
from storage.engine.upsert import insert_if_new
from storage.tables import Lease

#: Between two of a bucket, seconds.
IDENTIFY_SECONDS = 5.0
#: Whose row it is: nobody's, as nobody has to give it back.
_OWNER = "the next"


class IdentifyTurns:
    """The turns of one bot's shards, in all processes on one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def wait(self, shard_id: int, max_concurrency: int) -> None:
        """Return when a shard may identify.

        Args:
            shard_id: which one.
            max_concurrency: the number of buckets, as Discord tells it.
        """
        name = f"identify {shard_id % max(max_concurrency, 1)}"
        # A session may begin whoever has which right; writing this row changes nothing else.
        with unguarded():
            while True:
                left = await self._database.run_write(
                    lambda session: _take(session, name), alone_in=ITS_ROWS
                )
                if not left:
                    return
                await asyncio.sleep(left)


def _take(session: Session, name: str) -> float:
    """Take a turn; how long to wait for it, seconds: 0 where it was taken."""
    now = session.execute(select(database_time(session))).scalar_one()
    values = {"owner": _OWNER, "expires": now + IDENTIFY_SECONDS}
    if insert_if_new(session, Lease, name=name, fence=0, **values):
        return 0.0
    # One that lies further ahead was written by a clock that was set back since.
    free = or_(Lease.expires <= now, Lease.expires > now + IDENTIFY_SECONDS)
    taken = session.execute(
        update(Lease).where(Lease.name == name, free).values(**values).returning(Lease.name)
    )
    if taken.first() is not None:
        return 0.0
    expires = session.execute(select(Lease.expires).filter_by(name=name)).scalar_one()
    return max(float(expires) - now, 0.01)
