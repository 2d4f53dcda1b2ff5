"""What admins are to be told about Reddit."""

from datetime import datetime

from storage.engine.database import Database
from storage.tables import Notice


async def note(
    database: Database, kind: str, text: str, now: datetime, *, community_id: int | None = None
) -> None:
    """Put a sentence on the list of what admins are told."""
    async with database.write() as session:
        session.add(Notice(kind=kind, community_id=community_id, text=text, made_at=now))
