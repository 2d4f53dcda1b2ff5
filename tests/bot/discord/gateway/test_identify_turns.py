"""Sessions of one bot begin one after another, in however many processes."""

import asyncio

import pytest

from bot.discord.gateway.identify_turns import IdentifyTurns
from storage.engine.database import Database
from storage.tables import Lease


async def test_of_one_bucket_one_begins_at_a_time_and_the_next_after_its_time(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = "bot.discord.gateway.identify_turns.IDENTIFY_SECONDS"
    monkeypatch.setattr(turns, 3600.0)
    other = Database(database.url)
    one, two = IdentifyTurns(database), IdentifyTurns(other)
    await asyncio.gather(one.wait(0, 2), two.wait(1, 2))
    third = asyncio.create_task(two.wait(2, 2))
    done, _ = await asyncio.wait({third}, timeout=0.2)
    # It waits as long as the first one's time lasts, whichever process that was.
    assert not done
    third.cancel()
    await asyncio.wait({third})
    monkeypatch.setattr(turns, 0.05)
    async with database.write() as session:
        (await session.get_one(Lease, "identify 0")).expires = 1.0
    async with asyncio.timeout(30):
        await two.wait(2, 2)
        await one.wait(4, 2)
    await other.close()
