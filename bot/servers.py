"""What is set for a whole server, on every platform that has servers."""

from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.engine.database import Database
from storage.tables import Server
from storage.types import PlatformName


async def find_server(
    session: AsyncSession, platform: PlatformName, source_id: str
) -> Server | None:
    """What is set for a server; None: nothing."""
    found: Server | None = await session.scalar(
        select(Server).filter_by(platform=platform, source_id=source_id)
    )
    return found


async def change_server(
    database: Database,
    platform: PlatformName,
    source_id: str,
    change: Callable[[Server], None],
) -> Server:
    """Change what is set for a server; of two changes at once none is lost.

    Args:
        change: is given what is set, and sets it anew; what it raises changes nothing.
    """
    async with database.write() as session:
        server = await find_server(session, platform, source_id)
        if server is None:
            server = Server(
                platform=platform, source_id=source_id, manager_roles=[], keeps_labels=False
            )
            session.add(server)
        change(server)
        await session.flush()
        return server
