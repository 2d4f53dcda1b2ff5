"""A PostgreSQL database goes into a backup and comes back."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bot.core import open_core
from bot.operations.backup import back_up
from bot.operations.heartbeat import Heartbeat
from bot.operations.postgresql_dump import DumpFailed, dumps_here
from bot.operations.restore import RestoreRefused, refuse_while_running, restore
from bot.operations.verify_backup import verify
from bot.settings import Settings
from storage.engine.database import Database
from storage.tables import Community
from tests.fakes.clock import START
from tests.fixtures import postgresql
from tests.fixtures.rows import row

pytestmark = pytest.mark.skipif(
    postgresql.SERVER is None or not dumps_here(), reason="There is no PostgreSQL with its tools."
)


async def count(url: str) -> int:
    database = Database(url)
    async with database.read() as session:
        found = (await session.scalars(select(func.count()).select_from(Community))).one()
    await database.close()
    return found


async def add(url: str, number: int) -> None:
    database = Database(url)
    async with database.write() as session:
        session.add(row(Community, id=number, source_id=f"c{number}"))
    await database.close()


async def test_there_and_back(data_dir: Path, database_url: str | None, tmp_path: Path) -> None:
    if database_url is None:
        pytest.skip("SQLite has tests of its own.")
    settings = Settings(data_dir=data_dir, database_url=database_url)
    await add(database_url, 1)
    file = tmp_path / "b.tar.gz"
    made = await asyncio.to_thread(back_up, settings, file, images=False, now=START)
    assert made.has_database
    assert "peoria.dump" in verify(settings, file).names
    await add(database_url, 2)
    done = await asyncio.to_thread(restore, settings, file, now=START)
    assert done.has_dump
    assert await count(database_url) == 1
    async with open_core(settings) as core:
        assert (await core.serving.champion()).name
    database = Database(database_url)
    heartbeat = Heartbeat(database, clock=lambda: START)
    await heartbeat.beat()
    with pytest.raises(RestoreRefused, match="Stop it first"):
        await refuse_while_running(settings, START)
    await heartbeat.end()
    await refuse_while_running(settings, START)
    await database.close()
    # Nothing is moved between databases of two kinds.
    with pytest.raises(RestoreRefused, match="PEORIA_DATABASE_URL"):
        await asyncio.to_thread(restore, Settings(data_dir=data_dir), file, now=START)


async def test_a_server_that_is_away(data_dir: Path, tmp_path: Path) -> None:
    settings = Settings(
        data_dir=data_dir, database_url="postgresql+asyncpg://peoria:hunter2@127.0.0.1:1/p"
    )
    with pytest.raises(DumpFailed, match="nothing was changed") as caught:
        await asyncio.to_thread(back_up, settings, tmp_path / "b.tar", images=False, now=START)
    assert "hunter2" not in str(caught.value)
    assert not await asyncio.to_thread(lambda: [*tmp_path.glob("*b.tar*")])
