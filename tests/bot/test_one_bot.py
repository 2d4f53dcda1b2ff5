"""Two bots started on one database: the second refuses."""

import pytest
from sqlalchemy import text

from bot.discord.gateway.instance_lock import InstanceLock
from bot.platform import PlatformRefused
from bot.runtime.shards import Shards
from storage.engine.database import Database


async def test_the_second_bot_on_a_database_refuses_until_the_first_has_ended(
    database: Database,
) -> None:
    first, second = InstanceLock(database, None), InstanceLock(Database(database.url), None)
    await first.take()
    assert await first.is_held()
    with pytest.raises(PlatformRefused, match="Another Peoria"):
        await second.take()
    await first.release()
    await second.take()
    with pytest.raises(PlatformRefused, match="Another Peoria"):
        await first.take()
    await second.release()


async def test_bots_of_different_shards_share_a_database(database: Database) -> None:
    first, second = InstanceLock(database, Shards(0, 1, 4)), InstanceLock(database, Shards(2, 3, 4))
    await first.take()
    await second.take()
    for shards in (None, Shards(1, 2, 4)):
        with pytest.raises(PlatformRefused):
            await InstanceLock(Database(database.url), shards).take()
    await first.release()
    await second.release()


async def test_a_lock_that_the_server_took_away_is_found_out(database: Database) -> None:
    if database.engine.dialect.name != "postgresql":
        pytest.skip("a lock on a file is lost with the process only")
    lock = InstanceLock(database, None)
    await lock.take()
    async with database.write() as session:
        await session.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_locks"
                " WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
        )
    assert not await lock.is_held()
    await lock.release()
    await lock.take()
    assert await lock.is_held()
    await lock.release()
