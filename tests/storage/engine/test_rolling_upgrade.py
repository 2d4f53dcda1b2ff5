"""While processes are restarted one after another, those of the version before meet new tables.

What they write has to stay right for one step of the schema: a migration adds tables and columns
that need no value, or says ``needs_a_stop = True`` (and CHANGELOG.md says: stop all first).
"""

from pathlib import Path
from typing import Any

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from storage.engine.database import Database
from storage.engine.migrate import HEAD, _config
from tests.fixtures.schemas import move_to

#: The first schema to which this rule applies.
FIRST = "0029"

pytestmark = pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based")


def steps() -> list[str]:
    """The migrations that the rule holds for, the oldest first."""
    script = ScriptDirectory.from_config(_config(None))
    return [
        each.revision
        for each in reversed([*script.walk_revisions()])
        if FIRST <= each.revision <= HEAD and not getattr(each.module, "needs_a_stop", False)
    ]


def what_writers_must_know(connection: Connection) -> dict[str, dict[str, Any]]:
    """By table: its columns, and what may not be there twice."""
    found = inspect(connection)
    return {
        table: {
            "columns": {column["name"]: column for column in found.get_columns(table)},
            "unique": {str(each["name"]) for each in found.get_unique_constraints(table)}
            | {str(each["name"]) for each in found.get_indexes(table) if each["unique"]},
        }
        for table in found.get_table_names()
        if not table.startswith("post_search")
    }


def objections(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """What of a step would make writes of the version before fail, or wrong."""
    found = [f"{table} is gone" for table in before.keys() - after.keys()]
    for table in before.keys() & after.keys():
        old, new = before[table]["columns"], after[table]["columns"]
        found += [f"{table}.{name} is gone" for name in old.keys() - new.keys()]
        found += [
            f"{table}.{name} needs a value"
            for name in new.keys() - old.keys()
            if not new[name]["nullable"] and new[name]["default"] is None
        ]
        found += [
            f"{table}.{name} is another column"
            for name in old.keys() & new.keys()
            if str(old[name]["type"]) != str(new[name]["type"])
            or (old[name]["nullable"] and not new[name]["nullable"])
        ]
        found += [
            f"{table} has {name} for the first time"
            for name in after[table]["unique"] - before[table]["unique"]
        ]
    return found


async def test_every_step_only_adds(tmp_path: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'new.db'}")

    async def tables() -> dict[str, Any]:
        async with database.read() as session:
            return await (await session.connection()).run_sync(what_writers_must_know)

    script = ScriptDirectory.from_config(_config(None))
    reached, after = None, {}
    for step in steps():
        revision = script.get_revision(step)
        assert isinstance(revision.down_revision, str)
        # What the last step left is what this one begins with, unless one between them is excused.
        if reached != revision.down_revision:
            await move_to(database, revision.down_revision)
            after = await tables()
        before = after
        await move_to(database, step)
        reached, after = step, await tables()
        assert objections(before, after) == [], step
    await database.close()


def test_what_does_more_than_add_is_noticed() -> None:
    column = {"type": "INTEGER", "nullable": False, "default": None}
    before = {"a": {"columns": {"x": column, "y": column}, "unique": set()}, "b": {}}
    after = {"a": {"columns": {"x": {**column, "type": "TEXT"}, "z": column}, "unique": {"u"}}}
    assert objections(before, after) == [
        "b is gone", "a.y is gone", "a.z needs a value", "a.x is another column",
        "a has u for the first time",
    ]  # fmt: skip
