"""What is set for a whole server, on every platform that has servers."""

import re
from collections.abc import Callable, Sequence

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.engine.database import Database
from storage.engine.scopes import Scope
from storage.tables import Community, OwnHead, Server, TrainingRun
from storage.types import PlatformName

#: A request for a head that has a say beside what serves a server. A process of an older release
#: takes it for one of a server that nobody knows: it finds no label there, and refuses.
_TO_JOIN = re.compile(r"\w+ #(\d+) own", re.ASCII)


def request_of(platform: PlatformName, source_id: str) -> str:
    """Who asks for a training run on a server's own labels, as the run's row keeps it."""
    return f"{platform.value} {source_id}"


def request_to_join(server: Server) -> str:
    """The same where what is fitted is to have a say beside what serves there, not to serve."""
    return f"{server.platform.value} #{server.id} own"


def server_to_join(asked_by: str) -> int | None:
    """The row of the server in which what a run fits is to have a say; None: in none."""
    found = _TO_JOIN.fullmatch(asked_by)
    return None if found is None else int(found[1])


def server_of_request(asked_by: str) -> tuple[PlatformName, str] | None:
    """The server that asked for a training run on its own labels; None: somebody else did.

    What only has a say (`request_to_join`) is of a server that nobody can be: it serves nowhere.
    """
    platform, _, source_id = asked_by.partition(" ")
    if not source_id or platform not in tuple(PlatformName):
        return None
    return PlatformName(platform), source_id


def is_for_all() -> ColumnElement[bool]:
    """The condition that a training run is not on one server's own labels (`request_of`)."""
    return TrainingRun.asked_by.not_like("% %")


async def communities_of_server(
    session: AsyncSession, platform: PlatformName, source_id: str
) -> Sequence[int]:
    """The communities of a server, in their order."""
    found = await session.scalars(
        select(Community).filter_by(platform=platform).order_by(Community.id)
    )
    return [each.id for each in found if each.server_or_self == source_id]


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
    async with database.write(
        alone_in=[Scope("server", f"{platform.value} {source_id}")]
    ) as session:
        server = await find_server(session, platform, source_id)
        if server is None:
            server = Server(
                platform=platform, source_id=source_id, manager_roles=[], keeps_labels=False
            )
            session.add(server)
        change(server)
        await session.flush()
        return server


def has_own_head(server: Server | None) -> bool:
    """Whether a head is fitted on a server's labels alone; None: nothing is set for it."""
    return server is not None and server.own_head is not None and server.own_head.is_on


def set_own_head(server: Server, *, is_on: bool) -> None:
    """Have a head fitted on a server's labels alone, or not (`change_server`)."""
    if server.own_head is None:
        server.own_head = OwnHead(is_on=is_on)
    server.own_head.is_on = is_on


async def communities_kept_apart(session: AsyncSession) -> Sequence[int]:
    """Communities of servers whose labels teach nobody else, in their order."""
    servers = await session.execute(
        select(Server.platform, Server.source_id).where(Server.keeps_labels)
    )
    apart = {tuple(row) for row in servers}
    if not apart:
        return []
    found = await session.scalars(
        select(Community)
        .where(Community.platform.in_({platform for platform, _ in apart}))
        .order_by(Community.id)
    )
    return [each.id for each in found if (each.platform, each.server_or_self) in apart]
