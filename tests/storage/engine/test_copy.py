"""A SQLite database is copied before its tables are changed."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from storage.engine.copy import CopyRefused, copy_path
from storage.engine.database import Database
from storage.engine.migrate import HEAD, revision, upgrade
from tests.fixtures.schemas import write_database


def dump(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [*connection.iterdump()]


def names(folder: Path, pattern: str) -> list[str]:
    return [path.name for path in folder.glob(pattern)]


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "peoria.db"
    write_database("0004", path)
    return path


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return tmp_path / "peoria.db.version-0004"


async def test_the_copy_holds_what_was_there(file: Path, copy: Path) -> None:
    before = dump(file)
    database = Database(f"sqlite+aiosqlite:///{file}")
    assert await upgrade(database)
    await database.close()
    assert dump(copy) == before
    assert mode(copy) == 0o600
    assert names(file.parent, ".*") == []


async def test_nothing_is_copied_where_nothing_changes(tmp_path: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'peoria.db'}")
    assert await upgrade(database)
    assert not await upgrade(database)
    await database.close()
    assert names(tmp_path, "*.version-*") == []


async def test_without_the_copy_nothing_is_changed(file: Path, copy: Path) -> None:
    (copy / "in the way").mkdir(parents=True)
    before = dump(file)
    database = Database(f"sqlite+aiosqlite:///{file}")
    with pytest.raises(CopyRefused, match="Make room, and start again"):
        await upgrade(database)
    assert await revision(database) == "0004"
    await database.close()
    assert dump(file) == before


async def test_two_starts_at_once_leave_the_copy_of_the_old_one(file: Path, copy: Path) -> None:
    before = dump(file)
    databases = [Database(f"sqlite+aiosqlite:///{file}") for _ in range(4)]
    await asyncio.gather(*(upgrade(each) for each in databases))
    assert {await revision(each) for each in databases} == {HEAD}
    for each in databases:
        await each.close()
    assert dump(copy) == before


def test_only_files_are_copied() -> None:
    assert copy_path("postgresql+asyncpg://peoria@host/peoria", "0004") is None
    assert copy_path("sqlite+aiosqlite://", "0004") is None
