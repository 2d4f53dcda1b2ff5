"""The audit log: who changed what about how Peoria behaves, kept for a stated time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import CursorResult, delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from bot.runtime.clock import Clock
from storage.engine.core_tables import table_of
from storage.engine.database import Database
from storage.engine.scopes import ITS_ROWS
from storage.tables import AuditEntry, Community
from storage.types import PlatformName

#: Characters of a value that is kept.
_LONGEST_VALUE = 200


class Action(StrEnum):
    """What can be changed."""

    WATCH = "watch"
    UNWATCH = "unwatch"
    SETTINGS = "settings"
    POSTERS = "posters"
    IMPORT = "import"
    STOP_IMPORT = "stop_import"
    DIGEST = "digest"
    END_DIGEST = "end_digest"
    OUTCOMES = "outcomes"
    END_OUTCOMES = "end_outcomes"
    MANAGERS = "managers"
    MODEL_HERE = "model_here"
    RETRAIN = "retrain"
    PROMOTE = "promote"
    ROLLBACK = "rollback"
    HIDE = "hide"
    SHOW = "show"
    BAN = "ban"
    BAN_HELD = "ban_held"
    UNBAN = "unban"
    RELEASE = "release"
    MAKE_TOKEN = "make_token"  # noqa: S105 - what is done, no token
    REVOKE_TOKEN = "revoke_token"  # noqa: S105 - what is done, no token
    CREDENTIALS = "credentials"
    ACCOUNT_LINK = "account_link"
    ADMIN = "admin"
    BACKUP = "backup"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who changes something, and where.

    Attributes:
        platform: on which they do it; None: on the command line.
        server: the platform's id of the server; None: it has none.
        person: their keyed hash; None: nobody knows.
        sealed_id: their sealed id, so that other admins can be told who it was.
    """

    platform: PlatformName | None
    server: str | None = None
    person: str | None = None
    sealed_id: str | None = None


#: Whoever may run commands on the machine.
COMMAND_LINE = Actor(None)


class AuditLog:
    """Writes and reads the audit log.

    Args:
        keep_days: how long an entry is kept, days.
    """

    def __init__(self, database: Database, *, keep_days: float, clock: Clock) -> None:
        self._database = database
        self._keep = timedelta(days=keep_days)
        self._clock = clock

    async def note(
        self,
        actor: Actor,
        action: Action,
        *,
        community_id: int | None = None,
        details: Mapping[str, object] | None = None,
    ) -> None:
        """Note that somebody changed something, when it is done.

        Args:
            community_id: what it is about; None: about all.
            details: what was changed to what, by name; those that are None are left out.
        """
        told = {
            key: str(value)[:_LONGEST_VALUE]
            for key, value in (details or {}).items()
            if value is not None
        }
        async with self._database.write(alone_in=ITS_ROWS) as session:
            session.add(
                AuditEntry(
                    made_at=self._clock(),
                    platform=actor.platform,
                    server=actor.server,
                    community_id=community_id,
                    person=actor.person,
                    sealed_id=actor.sealed_id,
                    action=action.value,
                    details=told,
                )
            )

    async def sweep(self) -> int:
        """Delete entries that are too old; return how many."""
        entries = table_of(AuditEntry)
        old = entries.c.made_at < self._clock() - self._keep
        async with self._database.write(alone_in=ITS_ROWS) as session:
            result = await session.execute(delete(entries).where(old))
            assert isinstance(result, CursorResult)  # noqa: S101 - what a DELETE gives
            return result.rowcount


async def newest_entries(
    session: AsyncSession, platform: PlatformName, server: str | None, *, limit: int
) -> Sequence[AuditEntry]:
    """The newest changes that were made on a server, the newest first."""
    found = await session.scalars(
        select(AuditEntry)
        .filter_by(platform=platform, server=server)
        .order_by(AuditEntry.id.desc())
        .limit(limit)
    )
    return found.all()


class Change(NamedTuple):
    """An entry, and the name of the community that it is about."""

    entry: AuditEntry
    community: str | None


def newest_everywhere(session: Session, *, before: int | None, limit: int) -> Sequence[Change]:
    """The newest changes of all platforms and of the command line, the newest first.

    Args:
        session: to read with.
        before: only entries with a smaller id; None: from the newest.
        limit: how many.
    """
    query = (
        select(AuditEntry, Community.name)
        .outerjoin(Community, Community.id == AuditEntry.community_id)
        .order_by(AuditEntry.id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(AuditEntry.id < before)
    return [Change(entry, name) for entry, name in session.execute(query)]
