import asyncio
import sqlite3
import threading
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DatabaseError, IntegrityError
from sqlalchemy.orm import Session

from storage.engine.database import BUSY_TIMEOUT_MS, Database
from storage.tables import Author, Post
from storage.types import PlatformName
from tests.fixtures.rows import row


async def pragma(database: Database, name: str) -> object:
    async with database.read() as session:
        return await session.scalar(text(f"PRAGMA {name}"))


async def count(database: Database) -> int:
    async with database.read() as session:
        return await session.scalar(select(func.count()).select_from(Author)) or 0


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("name", "value"),
    [("journal_mode", "wal"), ("foreign_keys", 1), ("busy_timeout", BUSY_TIMEOUT_MS)],
)
async def test_sqlite_rules_hold_on_every_connection(
    database: Database, name: str, value: object
) -> None:
    async with database.read(), database.read():
        # Two sessions hold two connections; the third is new.
        assert await pragma(database, name) == value


async def test_a_first_start_waits_for_another_one(tmp_path: Path) -> None:
    """SQLite does not wait by itself where a file is switched to write-ahead logging."""
    path = tmp_path / "new.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("CREATE TABLE begun (x)")
        other.execute("BEGIN IMMEDIATE")
        database = Database(f"sqlite+aiosqlite:///{path}")
        mode = asyncio.create_task(pragma(database, "journal_mode"))
        await asyncio.wait({mode}, timeout=0.1)
        assert not mode.done()
        other.execute("COMMIT")
        assert await mode == "wal"
        await database.close()


async def test_tasks_that_read_and_then_write_all_succeed(database: Database) -> None:
    """Without BEGIN IMMEDIATE most of these fail with "database is locked"."""
    async with database.write() as session:
        session.add(row(Author, id=None, hash=f"{0:064}"))

    async def count_up(worker: int) -> None:
        for _ in range(10):
            async with database.write() as session:
                seen = await session.scalar(select(func.count()).select_from(Author))
                await asyncio.sleep(0)
                session.add(Author(platform=PlatformName.WEB, hash=f"{worker}-{seen}".zfill(64)))

    await asyncio.gather(*(count_up(worker) for worker in range(4)))
    async with database.read() as session:
        hashes = (await session.scalars(select(Author.hash))).all()
    assert len(hashes) == 41
    # Nobody read a count that somebody else was just changing.
    assert len({each.rpartition("-")[2] for each in hashes}) == 41


async def test_readers_do_not_wait_for_a_writer(database: Database) -> None:
    async with database.write() as session:
        session.add(row(Author))
        await session.flush()
        async with asyncio.timeout(30):
            assert await count(database) == 0
    assert await count(database) == 1


async def test_a_reader_keeps_one_view_of_the_data(database: Database) -> None:
    async with database.read() as session:
        query = select(func.count()).select_from(Author)
        assert await session.scalar(query) == 0
        async with database.write() as writer:
            writer.add(row(Author))
        assert await session.scalar(query) == 0
    assert await count(database) == 1


async def test_a_stream_keeps_one_view_of_the_data(database: Database) -> None:
    async with database.write() as writer:
        writer.add(row(Author, id=1))
    async with database.read() as session:
        query = select(Author.id).execution_options(yield_per=1)
        assert [each async for each in await session.stream_scalars(query)] == [1]
        async with database.write() as writer:
            writer.add(row(Author, id=2, hash="2".zfill(64)))
        assert await session.scalar(select(func.count()).select_from(Author)) == 1


async def test_what_a_read_session_writes_is_not_kept(database: Database) -> None:
    async with database.read() as session:
        session.add(row(Author))
        await session.flush()
    assert await count(database) == 0


async def test_an_exception_takes_everything_back(database: Database) -> None:
    async def fail_half_way() -> None:
        async with database.write() as session:
            session.add(row(Author))
            await session.flush()
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError):
        await fail_half_way()
    assert await count(database) == 0


async def test_a_cancelled_writer_lets_the_next_one_in(database: Database) -> None:
    entered = asyncio.Event()

    async def wait_for_ever() -> None:
        async with database.write() as session:
            session.add(row(Author))
            await session.flush()
            entered.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(wait_for_ever())
    await entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(30), database.write() as session:
        session.add(row(Author))
    assert await count(database) == 1


async def test_foreign_keys_are_kept(database: Database) -> None:
    async def add_orphan() -> None:
        async with database.write() as session:
            session.add(row(Post))

    with pytest.raises(IntegrityError, match=r"(?i)foreign key"):
        await add_orphan()


@pytest.mark.parametrize("url", ["sqlite+aiosqlite://", "sqlite+aiosqlite:///:memory:"])
def test_a_database_in_memory_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="needs a database file"):
        Database(url)


async def test_a_file_that_is_no_database_is_an_error_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "letter.db"
    path.write_text("Dear Sir or Madam,\n" * 200)
    database = Database(f"sqlite+aiosqlite:///{path}")
    with pytest.raises(DatabaseError, match="not a database"):
        await pragma(database, "user_version")
    await database.close()
    assert path.read_text().startswith("Dear")


async def test_writers_take_turns_in_the_order_in_which_they_asked(database: Database) -> None:
    order: list[int] = []

    async def write(number: int) -> None:
        async with database.write() as session:
            await session.execute(text("SELECT 1"))
            order.append(number)

    await asyncio.gather(*(write(number) for number in range(100)))
    assert order == [*range(100)]


def add_author(session: Session) -> int:
    session.add(row(Author, id=7))
    session.flush()
    return session.scalar(select(func.count()).select_from(Author)) or 0


async def test_a_plain_function_is_like_any_other_transaction(database: Database) -> None:
    assert await database.run_read(add_author) == 1
    assert await count(database) == 0
    assert await database.run_write(add_author) == 1
    assert await count(database) == 1


@pytest.mark.sqlite
async def test_a_coroutine_is_no_plain_function(database: Database) -> None:
    """It would not have run, and nobody would know."""

    async def wait(session: Session) -> None:
        add_author(session)
        await asyncio.sleep(0)

    with pytest.raises(TypeError, match="not a coroutine"):
        await database.run_write(wait)
    assert await count(database) == 0


async def test_an_exception_in_a_plain_function_takes_everything_back(database: Database) -> None:
    def fail(session: Session) -> None:
        add_author(session)
        raise LookupError("half way")

    with pytest.raises(LookupError, match="half way"):
        await database.run_write(fail)
    assert await count(database) == 0


async def test_more_transactions_than_threads_and_connections(database: Database) -> None:
    def count_up(session: Session) -> int:
        seen = session.scalar(select(func.count()).select_from(Author)) or 0
        session.add(Author(platform=PlatformName.WEB, hash=f"{seen}".zfill(64)))
        return seen

    def look(session: Session) -> int:
        return session.scalar(select(func.count()).select_from(Author)) or 0

    order = await asyncio.gather(
        *(database.run_write(count_up) for _ in range(50)),
        *(database.run_read(look) for _ in range(50)),
    )
    assert order[:50] == [*range(50)]
    assert await count(database) == 50


@pytest.mark.sqlite
async def test_a_transaction_ends_with_its_connection(database: Database) -> None:
    async with database.engine.connect() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        await driver.execute("BEGIN IMMEDIATE")
        # The traceback of a task that was cancelled holds a statement as this does.
        unread = await driver.execute("SELECT 1 UNION SELECT 2")
        await driver.close()
        await database.run_write(add_author)
        assert unread is not None
        await connection.invalidate()
    assert await count(database) == 1


@pytest.mark.sqlite
async def test_who_is_cancelled_during_a_write_leaves_no_lock_behind(database: Database) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def hang(session: Session) -> None:
        add_author(session)
        begun.set()
        go_on.wait()

    task = asyncio.create_task(database.run_write(hang))
    await asyncio.to_thread(begun.wait)
    task.cancel()
    # It is over when the thread has let go, not before.
    asyncio.get_running_loop().call_soon(go_on.set)
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(30), database.write() as session:
        session.add(row(Author, id=8, hash="8".zfill(64)))


async def test_of_those_who_write_together_each_is_kept_or_taken_back(database: Database) -> None:
    def add(session: Session, number: int) -> int:
        session.add(Author(id=number, platform=PlatformName.WEB, hash=f"{number}".zfill(64)))
        session.flush()
        if number % 3 == 0:
            raise LookupError(str(number))
        return number

    # While somebody else writes, they gather.
    async with database.write():
        works = [partial(add, number=number) for number in range(1, 10)]
        tasks = [asyncio.create_task(database.run_write(work)) for work in works]
        await asyncio.sleep(0)
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [str(each) for each in outcomes] == [str(number) for number in range(1, 10)]
    assert [isinstance(each, LookupError) for each in outcomes] == [False, False, True] * 3
    async with database.read() as session:
        assert (await session.scalars(select(Author.id).order_by(Author.id))).all() == [
            1, 2, 4, 5, 7, 8,
        ]  # fmt: skip


@pytest.mark.sqlite
async def test_who_writes_for_others_and_is_cancelled_still_tells_them(database: Database) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def hang(session: Session) -> None:
        begun.set()
        go_on.wait()

    async with database.write():
        first = asyncio.create_task(database.run_write(hang))
        second = asyncio.create_task(database.run_write(add_author))
        third = asyncio.create_task(database.run_write(add_author))
        await asyncio.sleep(0)
        third.cancel()
        await asyncio.sleep(0)
    await asyncio.to_thread(begun.wait)
    first.cancel()
    asyncio.get_running_loop().call_soon(go_on.set)
    async with asyncio.timeout(30):
        assert await second == 1
    for task in (first, third):
        with pytest.raises(asyncio.CancelledError):
            await task
    assert await count(database) == 1
