"""The mark never passes a message that is not stored, whatever happens in whatever order."""

from hypothesis import given
from hypothesis import strategies as st

from bot.discord.messages.high_water import HighWater
from storage.engine.database import Database
from storage.tables import Community
from storage.types import PlatformName
from tests.fixtures.rows import row

CHANNEL, SHARD = 9, 0


async def mark_after(database: Database, events: list[str]) -> tuple[int, int | None]:
    """The mark, and the first message that was missed and never read again."""
    high_water = HighWater(database)
    high_water.hold(SHARD)
    missed = list[int]()
    for newest, event in enumerate(events, start=1):
        if event == "stored":
            high_water.live(SHARD, CHANNEL, newest)
        elif event == "fails":
            missed.append(newest)
            high_water.stall(CHANNEL)
        elif event == "is missed":
            missed.append(newest)
            high_water.hold(SHARD)
        elif event == "caught up":
            missed.clear()
            high_water.read(CHANNEL, newest)
            high_water.mend(CHANNEL)
            high_water.release(SHARD)
    await high_water.write()
    async with database.read() as session:
        community = await session.get_one(Community, 1)
    return int(community.high_water or 0), missed[0] if missed else None


async def test_nothing_that_was_missed_lies_behind_the_mark(database: Database) -> None:
    histories: list[list[str]] = []

    @given(
        st.lists(
            st.sampled_from(["stored", "fails", "is missed", "caught up"]), min_size=1, max_size=12
        )
    )
    def collect(events: list[str]) -> None:
        histories.append(events)

    collect()
    async with database.write() as session:
        session.add(row(Community, platform=PlatformName.DISCORD, source_id=str(CHANNEL)))
    for events in histories:
        mark, missed = await mark_after(database, events)
        assert missed is None or mark < missed, events
        async with database.write() as session:
            (await session.get_one(Community, 1)).high_water = None


async def test_live_messages_move_the_mark_once_the_shard_has_caught_up(
    database: Database,
) -> None:
    async with database.write() as session:
        session.add(row(Community, platform=PlatformName.DISCORD, source_id=str(CHANNEL)))
    assert await mark_after(database, ["stored"]) == (0, None)
    assert await mark_after(database, ["caught up", "stored", "stored"]) == (3, None)
    # A mark that was written is never taken back.
    assert await mark_after(database, ["caught up"]) == (3, None)
