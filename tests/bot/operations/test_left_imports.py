"""An import whose account was taken away does not stand there as under way for ever."""

from datetime import timedelta

from bot.operations.left_imports import NO_ACCOUNT, PATIENCE, LeftImports
from bot.posts.history_imports import begin_import, newest_import, note_progress
from bot.service_states import ServiceStates
from storage.engine.database import Database
from storage.tables import Community
from storage.types import PlatformName
from tests.fakes.clock import FakeClock
from tests.fixtures.rows import row


async def begin(database: Database, clock: FakeClock, platform: PlatformName) -> int:
    """An import; the id of its community."""
    async with database.write() as session:
        community = row(Community, id=None, platform=platform, source_id=platform.value)
        session.add(community)
        await session.flush()
        key: int = community.id
    since = clock() - timedelta(days=30)
    await begin_import(database, key, since=since, shown_in={}, now=clock())
    return key


async def test_an_import_without_an_account_ends_with_its_reason_after_an_hour(
    database: Database, clock: FakeClock
) -> None:
    states, left = ServiceStates(database, clock=clock), LeftImports(database, clock=clock)
    await states.report("reddit", "Reddit").running()
    await states.report("bluesky", "Bluesky").stopped("Bluesky does not let us in.")
    communities = {
        platform: await begin(database, clock, platform)
        for platform in (PlatformName.REDDIT, PlatformName.BLUESKY, PlatformName.LEMMY)
    }

    async def later() -> dict[PlatformName, str | None]:
        clock.forward(PATIENCE.total_seconds() / 2)
        await left.end()
        async with database.read() as session:
            found = {k: await newest_import(session, v) for k, v in communities.items()}
        return {k: each.fault for k, each in found.items() if each and each.ended_at is not None}

    assert await later() == {}
    # Somebody goes on with it by the command line, where the account still is.
    async with database.read() as session:
        lemmy = await newest_import(session, communities[PlatformName.LEMMY])
    assert lemmy is not None
    await note_progress(
        database, lemmy.id, place="lemmy", after="12", page="2", counts={}, now=clock()
    )
    assert await later() == {}
    assert await later() == {PlatformName.BLUESKY: NO_ACCOUNT}
    both = {PlatformName.BLUESKY: NO_ACCOUNT, PlatformName.LEMMY: NO_ACCOUNT}
    assert await later() == both
    await states.report("reddit", "Reddit").closed()
    for _ in range(3):
        ended = await later()
    assert ended == {**both, PlatformName.REDDIT: NO_ACCOUNT}
