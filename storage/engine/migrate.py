"""Brings the database's tables to the version this program was written for.

``python -m storage.engine.migrate DATABASE_URL "message"`` drafts a new migration from the tables.
"""

import asyncio
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Index, Table, inspect, text
from sqlalchemy.schema import SchemaItem

from storage.engine.copy import copy_database, copy_path
from storage.engine.database import Database
from storage.errors import ExpectedError

if TYPE_CHECKING:
    from alembic.config import Config

#: The newest migration. Known without importing Alembic, so that a start on an up-to-date
#: database is quick; a test keeps it equal to the migrations folder.
HEAD = "0058"

#: How the names begin of what the migrations make for the search, and no class stands for.
_SEARCH = "post_search"


class DatabaseTooNew(ExpectedError):
    """The database was written by a newer Peoria than this one."""

    def __init__(self, revision: str) -> None:
        super().__init__(
            f"The database is at version {revision}, which this Peoria (version {HEAD}) does not"
            " know: it was used by a newer one. Upgrade Peoria, or restore a backup made before"
            " that."
        )


async def upgrade(database: Database) -> bool:
    """Run every migration that is missing; return whether there was one.

    The whole upgrade is one write transaction: it happens entirely or not at all, and a second
    process that starts at the same moment waits for it. A SQLite file that holds something is
    copied before (`storage.engine.copy`): there is no other way back.

    Raises:
        DatabaseTooNew: the database is ahead of this program.
        CopyRefused: there is no room for the copy.
    """
    before = await revision(database)
    if before == HEAD:
        return False
    if before is not None:
        if before not in known_revisions():
            raise DatabaseTooNew(before)
        if (copy := copy_path(database.url, before)) is not None:
            await asyncio.to_thread(copy_database, database.url, before, copy)
    return await database.change_schema(_upgrade)


async def revision(database: Database) -> str | None:
    """The migration the database is at; None for an empty database."""
    async with database.read() as session:
        return await (await session.connection()).run_sync(_revision)


def is_compared(item: SchemaItem, dialect: str) -> bool:
    """Whether Alembic is to compare a part of the tables with a database of this dialect.

    Left to itself it misses there the indexes that only another database has, and finds tables
    of the search that are no tables of ours.
    """
    if isinstance(item, Table):
        return not item.name.startswith(_SEARCH)
    only = item._ddl_if if isinstance(item, Index) else None  # noqa: SLF001 - it has no other name
    return only is None or only.dialect == dialect


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    value = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if value is None else str(value)


def _config(connection: Connection | None) -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parents[2] / "migrations"))
    config.attributes["connection"] = connection
    return config


@cache
def known_revisions() -> frozenset[str]:
    """Every migration there is."""
    from alembic.script import ScriptDirectory

    script = ScriptDirectory.from_config(_config(None))
    return frozenset(each.revision for each in script.walk_revisions())


def _upgrade(connection: Connection) -> bool:
    from alembic import command

    before = _revision(connection)
    command.upgrade(_config(connection), "head")
    return before != _revision(connection)


async def _draft(url: str, message: str) -> None:
    from alembic import command

    database = Database(url)
    await database.change_schema(
        lambda connection: command.revision(_config(connection), message, autogenerate=True)
    )
    await database.close()


if __name__ == "__main__":
    asyncio.run(_draft(sys.argv[1], sys.argv[2]))
