"""Migrates a database of an earlier schema, killed at several moments.

``python -m tests.fakes.killed_migration VERSION WORK`` writes a database of VERSION into WORK for
each moment, migrates it in a forked child that kills itself there, and prints what is then in it:
one JSON line per moment, the unharmed run last.
"""

import asyncio
import json
import os
import signal
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from storage.engine.database import Database
from storage.engine.migrate import known_revisions, upgrade
from tests.fixtures.schemas import write_database

#: Moments between the first statement and the last.
MOMENTS = 10


class Steps:
    """Counts statements and steps of the file system, and kills this process before one."""

    def __init__(self, kill_at: int) -> None:
        self._kill_at = kill_at
        self.count = 0

    def step(self, *_: Any) -> None:
        self.count += 1
        if self.count == self._kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(self) -> None:
        event.listen(Engine, "before_cursor_execute", self.step)
        event.listen(Engine, "commit", self.step)
        for name in ("replace", "fsync", "rename"):
            setattr(os, name, self._before(getattr(os, name)))

    def _before(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **options: Any) -> Any:
            self.step()
            return call(*args, **options)

        return run


def migrated(path: Path, kill_at: int) -> int | None:
    """Migrate in a child; how many steps that took. None: it was killed."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        steps = Steps(kill_at)
        steps.watch()

        async def run() -> None:
            database = Database(f"sqlite+aiosqlite:///{path}")
            await upgrade(database)
            await database.close()

        asyncio.run(run())
        os.write(writing, str(steps.count).encode())
        os._exit(0)
    os.close(writing)
    _, status = os.waitpid(child, 0)
    with os.fdopen(reading) as said:
        count = said.read()
    if os.WIFSIGNALED(status):
        return None
    assert status == 0, "the migration failed"
    return int(count)


def found(path: Path) -> dict[str, Any]:
    with closing(sqlite3.connect(path)) as database:
        (revision,) = database.execute("SELECT version_num FROM alembic_version").fetchone()
        titles = database.execute("SELECT id, title FROM posts ORDER BY id").fetchall()
        whole = database.execute("PRAGMA integrity_check").fetchone()
        broken = database.execute("PRAGMA foreign_key_check").fetchall()
        tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    return {
        "revision": revision,
        "titles": titles,
        "whole": whole == ("ok",) and not broken,
        "tables": sorted(name for (name,) in tables),
    }


def main() -> None:
    version, work = sys.argv[1], Path(sys.argv[2])
    known_revisions()
    write_database(version, work / "whole.db")
    steps = migrated(work / "whole.db", 0)
    assert steps is not None
    for number in range(MOMENTS):
        path = work / f"{number}.db"
        write_database(version, path)
        before = found(path)
        kill_at = 1 + number * (steps - 1) // (MOMENTS - 1)
        assert migrated(path, kill_at) is None
        print(json.dumps({"before": before, "after": found(path)}))
    # The next start finishes what was cut short in the middle.
    path = work / f"{MOMENTS // 2}.db"
    assert migrated(path, 0) is not None
    print(json.dumps({"before": found(work / "whole.db"), "after": found(path)}))


if __name__ == "__main__":
    main()
