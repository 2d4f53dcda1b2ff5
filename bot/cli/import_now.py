"""An import of the past, begun from the command line and followed to its end.

If Peoria runs beside it, whichever comes first does the next piece.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta

from bot.app import build
from bot.core import open_core
from bot.networks.errors import CredentialsRefused
from bot.networks.platform import NetworkPlatform
from bot.operations.left_imports import NO_ACCOUNT, signed_in
from bot.platform import PlatformRefused, PlatformUnavailable
from bot.posts.history_imports import end_import, newest_import
from bot.settings import load_settings
from storage.tables import HistoryImport
from storage.types import PlatformName

#: Between two looks at what another process does, and the wait after a failure, seconds.
_LOOK, _WAIT = 1.0, 30.0


async def import_now(
    name: PlatformName, community: str, days: int, advance: Callable[[Mapping[str, int]], None]
) -> HistoryImport:
    """Import posts of the last days; return the import as it ended.

    Args:
        community: as the settings name it.
        advance: told how many there were so far, by what became of them.

    Raises:
        PlatformRefused: the network is not set up, does not let us in, or that is not watched.
    """
    async with open_core(load_settings()) as core:
        platform = build(core).platforms.get(name)
        if not isinstance(platform, NetworkPlatform):
            raise PlatformRefused(f"{name.value.capitalize()} is not set up.")
        try:
            since = core.clock() - timedelta(days=days)
            community_id = await platform.begin_import(community, since=since)
            while True:
                async with core.database.read() as session:
                    newest = await newest_import(session, community_id)
                assert newest is not None  # noqa: S101 - it was begun
                advance(newest.counts)
                if newest.ended_at is not None:
                    return newest
                try:
                    wait = await _go_on(platform)
                except CredentialsRefused as error:
                    if name not in await core.database.run_read(signed_in):
                        # Nobody will go on with it: it says why wherever it is shown.
                        await end_import(core.database, newest.id, core.clock(), fault=NO_ACCOUNT)
                    raise PlatformRefused(str(error)) from error
                await asyncio.sleep(wait)
        finally:
            await platform.network.close()


async def _go_on(platform: NetworkPlatform) -> float:
    """Do the next piece; return how long to wait before the one after, seconds."""
    try:
        return 0.0 if await platform.imports.go_on() else _LOOK
    except CredentialsRefused:
        raise
    except PlatformUnavailable as error:
        return error.retry_after.total_seconds() if error.retry_after else _WAIT
