"""Writers side by side on PostgreSQL: who waits for whom, and what is tried once more."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, event, func, make_url, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from storage.engine.database import Database
from storage.engine.postgresql import TRIES
from storage.engine.postgresql_options import PostgresqlOptions
from storage.engine.scopes import (
    EVERYTHING,
    ITS_ROWS,
    LOCKED,
    Scope,
    Scopes,
    community_scope,
    person_scope,
)
from storage.tables import Author, Base
from storage.types import PlatformName
from tests.fixtures import postgresql
from tests.fixtures.rows import row

pytestmark = pytest.mark.skipif(
    postgresql.SERVER is None, reason=f"{postgresql.VARIABLE} names no server"
)
#: Nothing here takes long; a test that waits for ever ends.
PATIENCE = 30


@pytest.fixture(scope="module")
def server_url() -> Iterator[str]:
    with postgresql.made_database() as url:

        async def prepare() -> None:
            database = Database(url)
            async with database.engine.begin() as connection:
                await connection.run_sync(Base.metadata.create_all)
            await database.close()

        asyncio.run(prepare())
        yield url


@pytest.fixture
async def two(server_url: str) -> AsyncIterator[tuple[Database, Database]]:
    """Two processes' ways to one database."""
    one, other = Database(server_url), Database(server_url)
    async with one.write() as session:
        for table in reversed(Base.metadata.sorted_tables):
            await session.execute(table.delete())
    yield one, other
    await one.close()
    await other.close()


async def meet(first: Database, mine: Scopes, second: Database, theirs: Scopes) -> bool:
    """Whether two writers can be in their transactions at the same moment."""
    entered: list[int] = []
    both = asyncio.Event()

    async def write(database: Database, scopes: Scopes) -> None:
        async with database.write(alone_in=scopes):
            entered.append(1)
            if len(entered) == 2:
                both.set()
            await both.wait()

    tasks = [asyncio.create_task(write(first, mine)), asyncio.create_task(write(second, theirs))]
    done, _ = await asyncio.wait(tasks, timeout=0.2 if mine and theirs else PATIENCE)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return len(done) == 2


ONE, OTHER = community_scope(1), community_scope(2)


async def test_those_who_go_by_different_things_write_side_by_side(
    two: tuple[Database, Database],
) -> None:
    one, other = two
    assert await meet(one, ITS_ROWS, other, ITS_ROWS)
    assert await meet(one, ITS_ROWS, other, [ONE])
    async with one.write(alone_in=[ONE]), other.write(alone_in=[OTHER]):
        pass
    async with one.write(alone_in=[ONE]), one.write(alone_in=[OTHER]):
        pass


@pytest.mark.parametrize("same_process", [True, False])
@pytest.mark.parametrize(
    ("mine", "theirs"),
    [([ONE], [OTHER, ONE]), (EVERYTHING, [ONE]), (EVERYTHING, EVERYTHING)],
)
async def test_those_who_go_by_the_same_write_one_after_another(
    two: tuple[Database, Database], mine: Scopes, theirs: Scopes, same_process: bool
) -> None:
    one, other = two
    assert not await meet(one, mine, one if same_process else other, theirs)


async def test_who_writes_alone_waits_for_all_and_keeps_all_waiting(
    two: tuple[Database, Database],
) -> None:
    one, other = two
    order: list[str] = []
    async with asyncio.timeout(PATIENCE):
        async with one.write(alone_in=ITS_ROWS) as session:
            session.add(row(Author, id=None, hash="1".zfill(64)))

            async def alone() -> None:
                async with other.write() as writer:
                    order.append(str(await writer.scalar(select(func.count(Author.id)))))

            waiting = asyncio.create_task(alone())
            await asyncio.wait({waiting}, timeout=0.2)
            assert not order
        await waiting
    # It saw what was written by whom it waited for.
    assert order == ["1"]


async def test_nobody_loses_what_another_counted(two: tuple[Database, Database]) -> None:
    """Reading and then writing what was read, by four writers in two processes."""

    async def count_up(worker: int) -> None:
        for _ in range(10):
            async with two[worker % 2].write(alone_in=[ONE]) as session:
                seen = await session.scalar(select(func.count()).select_from(Author))
                session.add(Author(platform=PlatformName.WEB, hash=f"{worker}-{seen}".zfill(64)))

    await asyncio.gather(*(count_up(worker) for worker in range(4)))
    async with two[0].read() as session:
        hashes = (await session.scalars(select(Author.hash))).all()
    assert len({each.rpartition("-")[2] for each in hashes}) == len(hashes) == 40


async def test_a_locked_row_is_read_as_it_is_after_the_wait(two: tuple[Database, Database]) -> None:
    async with two[0].write() as session:
        session.add(row(Author, id=1))

    async def flip(database: Database) -> None:
        for _ in range(10):
            async with database.write(alone_in=ITS_ROWS) as session:
                author = await session.get_one(Author, 1, with_for_update=LOCKED)
                author.sealed_id = str(int(author.sealed_id or 0) + 1)

    await asyncio.gather(*(flip(database) for database in two for _ in range(2)))
    async with two[0].read() as session:
        assert (await session.get_one(Author, 1)).sealed_id == "40"


async def test_connections_that_were_opened_are_used_again(two: tuple[Database, Database]) -> None:
    """A new one costs more than what is asked by it."""
    one, _ = two
    opened: list[object] = []
    event.listen(one.engine.sync_engine, "connect", lambda connection, _: opened.append(connection))

    async def ask(start: asyncio.Barrier) -> None:
        async with one.read() as session:
            await session.scalar(select(func.count(Author.id)))
            await start.wait()

    async with asyncio.timeout(PATIENCE):
        for _ in range(3):
            start = asyncio.Barrier(10)
            await asyncio.gather(*(ask(start) for _ in range(10)))
    assert len(opened) <= 10


async def test_many_who_wait_for_one_thing_leave_room_for_others(
    two: tuple[Database, Database],
) -> None:
    one, other = two
    async with asyncio.timeout(PATIENCE), other.write(alone_in=[ONE]):

        async def wait() -> None:
            async with one.write(alone_in=[ONE]):
                pass

        waiting = [asyncio.create_task(wait()) for _ in range(2 * PostgresqlOptions().writers)]
        await asyncio.sleep(0)
        async with one.write(alone_in=[OTHER]):
            pass
    await asyncio.gather(*waiting)


def test_a_deadlock_is_tried_again(server_url: str) -> None:
    """Two transactions that lock the same rows the other way round: one is ended, and repeated."""
    meeting = threading.Barrier(2, timeout=PATIENCE)
    tries: list[int] = []

    async def prepare() -> None:
        database = Database(server_url)
        async with database.write() as session:
            await session.execute(delete(Author))
            session.add_all(row(Author, id=each, hash=str(each).zfill(64)) for each in (1, 2))
        await database.close()

    async def write(order: tuple[int, int]) -> None:
        database = Database(server_url)

        def work(session: Session) -> None:
            tries.append(1)
            first = len(tries) <= 2
            for number in order:
                session.execute(
                    update(Author)
                    .where(Author.id == number)
                    .values(sealed_id=func.coalesce(Author.sealed_id, "") + "x")
                )
                if first and number == order[0]:
                    meeting.wait()

        await database.run_write(work, alone_in=ITS_ROWS)
        await database.close()

    asyncio.run(prepare())
    with ExitStack() as stack:
        threads = [
            threading.Thread(target=asyncio.run, args=(write(order),)) for order in ((1, 2), (2, 1))
        ]
        for thread in threads:
            thread.start()
            stack.callback(thread.join)

    async def read() -> list[str | None]:
        database = Database(server_url)
        async with database.read() as session:
            found = (await session.scalars(select(Author.sealed_id).order_by(Author.id))).all()
        await database.close()
        return [*found]

    assert asyncio.run(read()) == ["xx", "xx"]
    # The repeated one can overtake the other before that wakes, and meet it once more.
    assert len(tries) >= 3


async def end_connections(server_url: str) -> None:
    """As a server that is started again ends them, behind their owners' backs."""
    database = Database(server_url)
    async with database.write() as session:
        await session.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid != pg_backend_pid()"
            )
        )
    await database.close()


async def test_connections_that_the_server_ended_are_replaced(
    two: tuple[Database, Database], server_url: str
) -> None:
    database = two[0]

    def add(session: Session) -> None:
        session.add(row(Author, id=None, hash=f"{session.query(Author).count()}".zfill(64)))

    for number in range(3):
        # Several idle connections, all of which end.
        async with database.read(), database.read() as session:
            await session.scalar(select(1))
        await end_connections(server_url)
        if number == 0:
            found = await database.run_read(lambda session: session.scalar(select(1)))
            assert found == 1
        elif number == 1:
            await database.run_write(add, alone_in=ITS_ROWS)
        else:
            async with database.write() as session:
                await session.run_sync(add)
    async with database.read() as session:
        assert await session.scalar(select(func.count()).select_from(Author)) == 2


async def test_a_statement_that_takes_too_long_is_ended(server_url: str) -> None:
    database = Database(f"{server_url}?statement_seconds=0.2&connections=2")
    with pytest.raises(DBAPIError, match="statement timeout"):
        async with database.read() as session:
            await session.execute(text("SELECT pg_sleep(30)"))
    await database.change_schema(
        lambda connection: connection.execute(text("SELECT pg_sleep(0.3)"))
    )
    await database.close()


@pytest.mark.parametrize(
    "query", ["connections=1", "connections=x", "statement_seconds=-1", "statement_seconds=nan",
              "pooler=yes"],
)  # fmt: skip
def test_options_that_cannot_be(query: str) -> None:
    with pytest.raises(ValueError, match=query.partition("=")[0]):
        PostgresqlOptions.from_url(make_url(f"postgresql+asyncpg://host/name?{query}"))


def test_options_leave_the_rest_of_the_url_alone() -> None:
    url = make_url("postgresql+asyncpg://a:b@host:1/name?ssl=require&connections=40&pooler=true")
    options, bare = PostgresqlOptions.from_url(url)
    assert (options.connections, options.writers, options.pooler) == (40, 20, True)
    assert bare.query == {"ssl": "require"}
    arguments = options.engine_arguments()
    assert arguments["pool_size"] + arguments["max_overflow"] == 40
    # A pooler refuses settings that it does not know.
    assert "server_settings" not in arguments["connect_args"]


async def test_what_fails_again_and_again_is_told(two: tuple[Database, Database]) -> None:
    class Ended(Exception):
        sqlstate = "40001"

    tries: list[int] = []

    def fail(_: Session) -> None:
        tries.append(1)
        raise DBAPIError("UPDATE", {}, Ended())

    with pytest.raises(DBAPIError):
        await two[0].run_write(fail, alone_in=ITS_ROWS)
    assert len(tries) == TRIES


SCOPES = st.one_of(
    st.builds(Scope, st.sampled_from(["post", "posts"]), st.text(max_size=5)),
    st.builds(community_scope, st.integers(0, 2**31)),
    st.builds(person_scope, st.sampled_from(PlatformName), st.text(max_size=5)),
)


@given(SCOPES, SCOPES)
def test_numbers_of_scopes_are_theirs_alone(one: Scope, other: Scope) -> None:
    assert -(2**63) <= one.number < 2**63
    assert (one.number == other.number) == (one == other)


@pytest.mark.parametrize("alone_in", [EVERYTHING, ITS_ROWS])
async def test_a_paused_writer_holds_nobody_up_for_long(
    two: tuple[Database, Database], alone_in: Scopes
) -> None:
    """One that is stopped in the middle keeps its locks until the server ends its transaction."""
    one, _ = two
    limit = text("SHOW idle_in_transaction_session_timeout")
    async with one.write(alone_in=alone_in) as session:
        assert await session.scalar(limit) == "5s"
    # Migrations take their time, and who starts beside one waits for its end, however long.
    for each in (limit, text("SHOW lock_timeout"), text("SHOW statement_timeout")):
        assert await one.change_schema(lambda connection, each=each: connection.scalar(each)) == "0"
