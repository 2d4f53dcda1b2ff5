"""Imports of the past that nobody can go on with: the account that read them was taken away."""

import logging
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import TypeAlias

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.operations.import_labels import label_imported
from bot.posts.history_imports import end_import
from bot.runtime.clock import Clock
from bot.texts.translate import mark
from storage.engine.database import Database
from storage.queries.services import all_services
from storage.tables import Community, HistoryImport
from storage.types import PlatformName, ServiceState

log = logging.getLogger(__name__)

#: How long an import waits for an account: it may be given another one, or its process restarts.
PATIENCE = timedelta(hours=1)

NO_ACCOUNT = mark("Peoria has no account there that works.")

#: How far an import has come.
_Place: TypeAlias = tuple[str | None, str | None, int]


class LeftImports:
    """Ends imports that stand still for an hour while no process is signed in to their platform."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        #: By import: how far it had come when it was first seen left, and when that was.
        self._left: dict[int, tuple[_Place, datetime]] = {}

    async def end(self) -> int:
        """End those that were left for too long; return how many."""
        now = self._clock()
        before, self._left = self._left, {}
        ended = 0
        for row, community in await self._database.run_read(_left):
            place = row.page, row.after, row.tries
            known, since = before.get(row.id, (place, now))
            if known == place and now - since >= PATIENCE:
                await label_imported(self._database, community, now)
                ended += await end_import(self._database, row.id, now, fault=NO_ACCOUNT)
                log.warning("The import of %s is ended: %s", community.name, NO_ACCOUNT)
            else:
                self._left[row.id] = place, since if known == place else now
        return ended


def signed_in(session: Session) -> frozenset[PlatformName]:
    """Platforms that a process is signed in to, or may be soon."""
    running = {
        each.name.partition(" ")[0]
        for each in all_services(session)
        if each.state is not ServiceState.STOPPED
    }
    return frozenset(name for name in PlatformName if name.value in running)


def _left(session: Session) -> Collection[tuple[HistoryImport, Community]]:
    """Imports under way of platforms that no process is signed in to."""
    served = signed_in(session)
    without = [name for name in PlatformName if name not in served]
    rows = session.execute(
        select(HistoryImport, Community)
        .join(Community, Community.id == HistoryImport.community_id)
        .where(HistoryImport.ended_at.is_(None), Community.platform.in_(without))
        .order_by(HistoryImport.id)
    )
    return [(row[0], row[1]) for row in rows]
