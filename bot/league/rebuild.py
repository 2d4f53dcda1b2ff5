"""Working the sums of the boards out anew."""

from storage.engine.database import Database
from storage.queries.rebuilt_standings import RebuiltStandings, SeasonOf


async def rebuild(database: Database, season_of: SeasonOf) -> int:
    """Work all sums out anew from labels, predictions and guesses; return how many labels.

    Most of it is read while others write; they wait only for the labels that came meanwhile, and
    for the sums to be exchanged.

    Args:
        database: whose sums.
        season_of: the season of a moment, as ``2026-11``.
    """
    sums = RebuiltStandings(season_of)
    async with database.read() as session:
        await session.run_sync(sums.ingest)
    async with database.write() as session:
        await session.run_sync(sums.ingest)
        await session.run_sync(sums.store)
    return sums.count
