import asyncio
import multiprocessing
import sqlite3
from math import log
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import column, insert, inspect, table, text
from sqlalchemy.ext.asyncio import AsyncSession

from storage.engine.core_tables import table_of
from storage.engine.database import Database
from storage.engine.migrate import (
    HEAD,
    DatabaseTooNew,
    is_compared,
    revision,
    upgrade,
)
from storage.tables import Author, Base, Community, Label, Post, Reply
from storage.types import PostRefusal, PostState, ReplyState
from tests.fixtures.rows import row
from tests.fixtures.schemas import move_to

MIGRATIONS = Path(__file__).parents[3] / "migrations"


def empty(folder: Path) -> Database:
    return Database(f"sqlite+aiosqlite:///{folder / 'new.db'}")


def start(url: str, ready: object) -> bool:
    """Upgrade in a process of its own, at the same moment as another."""

    async def both_at_once() -> bool:
        database = Database(url)
        ready.wait()  # type: ignore[attr-defined]
        try:
            return await upgrade(database)
        finally:
            await database.close()

    return asyncio.run(both_at_once())


@pytest.mark.filterwarnings(
    "ignore:autogenerate skipping", "ignore:Skipped unsupported reflection of expression-based"
)
async def test_migrations_make_the_tables_and_nothing_else(blank: Database) -> None:
    database = blank
    assert await upgrade(database)
    async with database.read() as session:
        differences = await (await session.connection()).run_sync(
            lambda connection: compare_metadata(
                MigrationContext.configure(
                    connection,
                    opts={
                        "compare_type": True,
                        "include_object": lambda item, *_: is_compared(
                            item, connection.dialect.name
                        ),
                    },
                ),
                Base.metadata,
            )
        )
    await database.close()
    assert differences == []


async def test_migrations_make_the_same_checks_as_the_tables(tmp_path: Path) -> None:
    """Alembic does not compare CHECK constraints."""
    database = empty(tmp_path)
    await upgrade(database)
    plain = Database(f"sqlite+aiosqlite:///{tmp_path / 'plain.db'}")
    async with plain.write() as session:
        await (await session.connection()).run_sync(Base.metadata.create_all)
    checks = []
    for each in (database, plain):
        async with each.read() as session:
            dialect = (await session.connection()).engine.dialect
            checks.append(
                await (await session.connection()).run_sync(
                    lambda connection, dialect=dialect: {
                        (table, check["name"]): check["sqltext"].replace(" ", "")
                        for table in Base.metadata.tables
                        for check in dialect.get_check_constraints(connection, table)
                    }
                )
            )
        await each.close()
    assert checks[0] == checks[1]
    assert len(checks[0]) > 20


async def test_days_are_summed_anew_by_who_was_answered(blank: Database) -> None:
    """Up to 0002 a post counted as spoken whenever it was not in the silent share."""
    database = blank
    await move_to(database, "0002")
    said = {
        1: (False, ReplyState.SENT, None),
        2: (False, ReplyState.SETTLED, None),
        3: (False, ReplyState.SKIPPED, "It was posted in the quiet hours."),
        4: (True, ReplyState.SKIPPED, "It is in the share that is predicted without a word."),
        5: (True, ReplyState.SKIPPED, "It was posted in the quiet hours."),
    }
    async with database.write() as session:
        await store_plainly(session, row(Community))
        await store_plainly(session, row(Author))
        for number, (silent, state, reason) in said.items():
            await store_plainly(
                session, row(Post, id=number, source_id=f"p{number}", silent=silent, tries=0)
            )
            source_id = None if reason else f"r{number}"
            await store_plainly(
                session, row(Reply, post_id=number, state=state, reason=reason, source_id=source_id)
            )
            await store_plainly(session, row(Label, post_id=number, score=number - 1.0))
        for day in ("2026-03-01", "2026-02-01"):
            await session.execute(
                text(
                    "INSERT INTO daily_labels (day, community_id, spoken_n, spoken_sum,"  # noqa: S608
                    f" spoken_squared, silent_n, silent_sum, silent_squared) VALUES ('{day}', 1, 3,"
                    " 9, 9, 2, 9, 9)"
                )
            )
        await session.execute(
            text(
                "INSERT INTO standings (season, community_id, kind, forecaster_id, n, hits,"
                " expected_hits, points, points_squared, blind_n, blind_hits, blind_expected_hits,"
                " blind_points, bot_hits, bot_points, streak, best_streak, log_sum, rps_sum,"
                " base_rps_sum, brier_sum, updated_at) SELECT 'all', community_id, kind, id, 3, 1,"
                " 0.5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '2026-03-01 00:00:00.000000'"
                " FROM (SELECT 1 AS community_id, 'person' AS kind, 1 AS id UNION ALL"
                " SELECT 1, 'person', 2 UNION ALL SELECT 0, 'person', 1 UNION ALL"
                " SELECT 1, 'model', 1) AS those"
            )
        )
    days = text("SELECT * FROM daily_labels WHERE day = '2026-03-01'")
    await move_to(database, "0003")
    async with database.read() as session:
        up = (await session.execute(days)).mappings().one()
        assert (up["n"], up["spoken_n"], up["silent_n"]) == (5, 2, 1)
        assert (up["spoken_sum"], up["silent_sum"]) == pytest.approx((log(2), log(4)))
        assert (up["spoken_squared"], up["silent_squared"]) == pytest.approx(
            (log(2) ** 2, log(4) ** 2)
        )
        guesses = (await session.execute(text("SELECT * FROM community_guesses"))).all()
        assert guesses == [("all", 1, 6, 2, 1.0)]
    await move_to(database, "0002")
    async with database.read() as session:
        down = (await session.execute(days)).mappings().one()
    assert "n" not in down
    assert (down["spoken_n"], down["silent_n"]) == (3, 2)
    assert down["spoken_sum"] == pytest.approx(log(2) + log(3))
    await database.close()


async def store_plainly(session: AsyncSession, entity: Base) -> None:
    """Insert the columns that a test has set: an older schema lacks some of the others."""
    values = {
        name: value for name, value in inspect(entity).dict.items() if not name.startswith("_")
    }
    whole = table_of(type(entity))
    # No table of ours: that would add its defaults, of columns that came later, too.
    plain = table(whole.name, *(column(name, whole.c[name].type) for name in values))
    await session.execute(insert(plain).values(values))


def test_head_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


async def test_upgrading_twice_does_nothing_the_second_time(tmp_path: Path) -> None:
    database = empty(tmp_path)
    assert await revision(database) is None
    assert await upgrade(database)
    assert await revision(database) == HEAD
    assert not await upgrade(database)
    await database.close()


async def test_a_database_from_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    database = empty(tmp_path)
    await upgrade(database)
    with sqlite3.connect(tmp_path / "new.db") as plain:
        plain.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(DatabaseTooNew) as caught:
        await upgrade(database)
    assert "9999" in str(caught.value)
    assert "Upgrade Peoria" in str(caught.value)
    assert await revision(database) == "9999"
    await database.close()


async def test_an_upgrade_that_fails_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = empty(tmp_path)

    def broken(*_: object) -> bool:
        raise OSError("no more disk")

    # Fails after the last table was made, before the version is noted.
    monkeypatch.setattr(MigrationContext, "run_migrations", _then(broken))
    with pytest.raises(OSError, match="no more disk"):
        await upgrade(database)
    monkeypatch.undo()
    with sqlite3.connect(tmp_path / "new.db") as plain:
        assert plain.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    assert await upgrade(database)
    await database.close()


def _then(broken: object) -> object:
    real = MigrationContext.run_migrations

    def run(self: MigrationContext, **options: object) -> None:
        real(self, **options)
        broken()  # type: ignore[operator]

    return run


async def test_tasks_that_upgrade_at_once_wait_for_each_other(tmp_path: Path) -> None:
    databases = [empty(tmp_path) for _ in range(3)]
    changed = await asyncio.gather(*(upgrade(each) for each in databases))
    assert sorted(changed) == [False, False, True]
    for each in databases:
        await each.close()


def test_processes_that_upgrade_at_once_wait_for_each_other(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager, context.Pool(2) as pool:
        url = f"sqlite+aiosqlite:///{tmp_path / 'new.db'}"
        barrier = manager.Barrier(2)
        changed = pool.starmap(start, [(url, barrier), (url, barrier)], chunksize=1)
    assert sorted(changed) == [False, True]


async def test_replies_of_posts_that_ended_before_are_marked(blank: Database) -> None:
    database = blank
    await move_to(database, "0056")
    ended = {"due_at": None, "refusal_code": PostRefusal.NO_IMAGE, "state": PostState.REFUSED}
    withdrawn = {"due_at": None, "state": PostState.WITHDRAWN}
    posts: dict[int, dict[str, Any]] = {1: {}, 2: withdrawn, 3: ended, 4: withdrawn}
    async with database.write() as session:
        await store_plainly(session, row(Community))
        await store_plainly(session, row(Author))
        for number, values in posts.items():
            post = row(Post, id=number, source_id=f"p{number}", tries=0, **values)
            await store_plainly(session, post)
            if number < 4:
                await store_plainly(session, row(Reply, post_id=number))
    await upgrade(database)
    async with database.read() as session:
        query = text("SELECT post_id FROM replies WHERE post_ended ORDER BY post_id")
        assert [*(await session.execute(query)).scalars()] == [2, 3]
    await database.close()
