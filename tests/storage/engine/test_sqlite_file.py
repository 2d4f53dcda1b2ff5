"""The file of a SQLite database that is deleted, moved or replaced while it is open."""

import asyncio
import os
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from storage.engine.database import Database
from storage.engine.sqlite_file import DatabaseFileGone


def add(session: Session) -> None:
    session.execute(text("INSERT INTO t VALUES (1)"))


async def made(path: Path) -> Database:
    database = Database(f"sqlite+aiosqlite:///{path}")
    async with database.write() as session:
        await session.execute(text("CREATE TABLE t (x)"))
    await database.run_write(add)
    return database


async def rows(database: Database) -> int:
    async with database.read() as session:
        return (await session.execute(text("SELECT count(*) FROM t"))).scalar_one()


async def fails(database: Database, how: str = "is gone") -> None:
    """Each way of using a database fails with the sentence."""

    async def write() -> None:
        async with database.write() as session:
            await session.run_sync(add)

    for use in (write, lambda: database.run_write(add), lambda: rows(database)):
        with pytest.raises(OperationalError, match=how) as caught:
            await use()
        assert isinstance(caught.value.orig, DatabaseFileGone)


async def test_a_deleted_file_takes_nothing_more(tmp_path: Path) -> None:
    path = tmp_path / "p.db"
    database = await made(path)
    path.unlink()
    await fails(database)
    # No empty one is made in its place, however often it is tried.
    await fails(database)
    assert not path.exists()
    await database.close()


async def test_a_file_that_comes_back_is_used_again(tmp_path: Path) -> None:
    path = tmp_path / "p.db"
    database = await made(path)
    path.rename(tmp_path / "away")
    await fails(database)
    (tmp_path / "away").rename(path)
    await database.run_write(add)
    assert await rows(database) == 2
    await database.close()


async def test_another_file_in_its_place_is_not_written_to(tmp_path: Path) -> None:
    """Its log of writes would be that of the file that was there before."""
    other = await made(tmp_path / "other.db")
    await other.close()
    path = tmp_path / "p.db"
    database = await made(path)
    path.rename(tmp_path / "away")
    (tmp_path / "other.db").rename(path)
    await fails(database, "was replaced by another")
    (tmp_path / "away").replace(path)
    await database.run_write(add)
    assert await rows(database) == 2
    await database.close()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such rights")
async def test_files_are_private_whatever_the_umask(tmp_path: Path) -> None:
    path = tmp_path / "new" / "p.db"
    before = os.umask(0)
    try:
        database = await made(path)
        modes = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
    finally:
        os.umask(before)
    assert modes == {"p.db": 0o600, "p.db-wal": 0o600, "p.db-shm": 0o600}
    assert path.parent.stat().st_mode & 0o777 == 0o700
    await database.close()
    # Files of an older Peoria, or of a careless copy, are closed at the next start.
    path.chmod(0o664)
    again = Database(f"sqlite+aiosqlite:///{path}")
    assert await rows(again) == 1
    await again.close()
    assert path.stat().st_mode & 0o777 == 0o600


async def test_many_at_once_on_a_deleted_file(tmp_path: Path) -> None:
    path = tmp_path / "p.db"
    database = await made(path)
    path.unlink()
    results = await asyncio.gather(
        *(database.run_write(add) for _ in range(50)), return_exceptions=True
    )
    assert {type(each) for each in results} == {OperationalError}
    await database.close()
