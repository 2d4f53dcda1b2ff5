"""Databases of every earlier schema, with rows, open, migrate and keep everything."""

import json
import os
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, inspect, select, text

from bot.app import build
from bot.core import open_core
from bot.league.rebuild import rebuild
from bot.league.seasons import season_of
from bot.settings import Settings
from storage.engine.database import Database
from storage.engine.migrate import HEAD, revision, upgrade
from storage.files.image_store import ImageStore
from storage.tables import Base, Post, Reply
from storage.types import PlatformName, PostRefusal, PostState, ReplySkip, ReplyState
from tests.fakes.clock import FakeClock
from tests.fakes.platform import FakePlatform
from tests.fixtures import postgresql
from tests.fixtures.images import encode, photo
from tests.fixtures.schemas import (
    VERSIONS,
    Rows,
    fill,
    move_to,
    read_rows,
    stored_rows,
    write_database,
)
from tests.fixtures.schemas.from_release_to_release import (
    differences,
    parts_of_tables,
    plain_rows,
    typed,
    write_news,
)
from tests.fixtures.schemas.released import BEGIN, ROWS

ROOT = Path(__file__).parents[3]

pytestmark = pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based")

#: Columns of old rows that the way to a release may change: 0003 sums the labels of a day anew, and
#: what was said in sentences before 0005 is said in codes from there on.
CHANGED_ON_THE_WAY = {
    "0003": {
        "daily_labels": {"spoken_n", "spoken_sum", "spoken_squared", "silent_n", "silent_sum",
                         "silent_squared", "n"},
    },
    "0005": {"posts": {"state", "refusal"}, "replies": {"reason"}},
}  # fmt: skip
CHANGED = {
    table: columns for each in CHANGED_ON_THE_WAY.values() for table, columns in each.items()
}
#: On the way to 0012 what a process that has ended said of itself is not taken over.
FORGOTTEN = {"0012": "services"}
#: In 0014 a post waits with its score, and is looked at again when it was not before.
REWRITTEN = {"0014": {"posts": {"due_at"}}}

STATES = {
    1: PostState.SETTLING, 2: PostState.SETTLING, 3: PostState.AWAITING_SCORE,
    4: PostState.PREDICTED, 5: PostState.SEEN, 6: PostState.REFUSED, 7: PostState.REFUSED,
    8: PostState.REFUSED, 9: PostState.REFUSED, 10: PostState.WITHDRAWN,
    11: PostState.AWAITING_SCORE, 12: PostState.AWAITING_SCORE, 13: PostState.AWAITING_SCORE,
}  # fmt: skip
REFUSALS = {
    6: (PostRefusal.SCORE_MISSED, None),
    7: (PostRefusal.IMAGE_UNREACHED, None),
    8: (PostRefusal.NO_IMAGE, None),
    9: (PostRefusal.OTHER, "The link is dead."),
}
SKIPS = {
    2: (ReplySkip.SILENT_SHARE, None),
    10: (ReplySkip.WITHDRAWN, None),
    11: (ReplySkip.LOW_FORECAST, None),
    12: (ReplySkip.RATE_LIMIT, None),
    13: (ReplySkip.OTHER, "The thread is locked or archived."),
}


async def rows_of(database: Database) -> Rows:
    async with database.read() as session:
        return await (await session.connection()).run_sync(read_rows)


def indexes(connection: Connection) -> set[tuple[str, str | None]]:
    found = inspect(connection)
    return {
        (table, index["name"])
        for table in Base.metadata.tables
        for index in [*found.get_indexes(table), *found.get_unique_constraints(table)]
    }


async def test_what_each_release_stored_comes_through(blank: Database, tmp_path: Path) -> None:
    """Every step is taken once, with what the release before it stored.

    That comes to be what the next one stored, but for what that one wrote anew. So whatever its
    rows go through is what those of all before it go through, and each comes through to today.
    """
    await fill(blank, VERSIONS[0])
    earlier = stored_rows(VERSIONS[0])
    held = await blank.change_schema(plain_rows)
    for version in VERSIONS[1:]:
        await move_to(blank, version)
        held.pop(FORGOTTEN.get(version, ""), None)
        after = await blank.change_schema(plain_rows)
        assert differences(held, after, CHANGED_ON_THE_WAY.get(version, {})) == {}, version
        stored = stored_rows(version)
        write = partial(
            write_news, earlier=earlier, stored=stored, rewritten=REWRITTEN.get(version, {})
        )
        await blank.change_schema(write)
        held, earlier = await blank.change_schema(plain_rows), stored
        assert differences(stored, typed(held, stored), {}) == {}, version
        if blank.engine.dialect.name == "sqlite":
            parts = tables_of_file(version, tmp_path / f"{version}.db")
            assert await blank.change_schema(parts_of_tables) == parts, version
    assert await upgrade(blank)
    assert await revision(blank) == HEAD
    assert differences(held, await blank.change_schema(plain_rows), {}) == {}
    await posts_are_in_their_states(blank)
    await blank.close()


def tables_of_file(version: str, path: Path) -> dict[str, list[str]]:
    """The tables that an earlier version had."""
    write_database(version, path)
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        found = parts_of_tables(connection)
    engine.dispose()
    return found


#: In one transaction, as people upgrade. Those that serve below go all of the way, too.
@pytest.mark.parametrize("version", [VERSIONS[8], BEGIN])
async def test_every_row_is_kept(blank: Database, version: str) -> None:
    await every_row_is_kept(blank, version)


@pytest.mark.skipif(postgresql.SERVER is None, reason="There is no PostgreSQL.")
@pytest.mark.parametrize("version", [*ROWS][:-1])
async def test_every_row_is_kept_by_postgresql(empty_postgresql: str, version: str) -> None:
    await every_row_is_kept(Database(empty_postgresql), version)


async def every_row_is_kept(blank: Database, version: str) -> None:
    await fill(blank, version)
    before = await blank.change_schema(plain_rows)
    assert len(before["posts"]) == len(STATES)
    assert await revision(blank) == version
    assert await upgrade(blank)
    await came_through(blank, before, version)
    await blank.close()


async def came_through(database: Database, before: Rows, version: str) -> None:
    """What an earlier version held is in a database that was upgraded."""
    if version < "0012":
        before.pop(FORGOTTEN["0012"], None)
    assert await revision(database) == HEAD
    assert differences(before, await database.change_schema(plain_rows), CHANGED) == {}
    await posts_are_in_their_states(database, skips=version != "0001")


async def posts_are_in_their_states(database: Database, *, skips: bool = True) -> None:
    async with database.read() as session:
        posts = (await session.scalars(select(Post))).all()
        assert {post.id: post.state for post in posts} == STATES
        refused = {
            post.id: (post.refusal_code, post.refusal) for post in posts if post.refusal_code
        }
        assert refused == REFUSALS
        if skips:
            skipped = (
                await session.scalars(select(Reply).where(Reply.skip_code.is_not(None)))
            ).all()
            assert {reply.post_id: (reply.skip_code, reply.reason) for reply in skipped} == SKIPS


async def test_a_migrated_database_has_the_indexes_of_a_new_one(tmp_path: Path) -> None:
    found = []
    versions = (VERSIONS[0], VERSIONS[4], VERSIONS[-1])
    for version in (*versions, None):
        database = Database(f"sqlite+aiosqlite:///{tmp_path / f'at-{version}.db'}")
        if version:
            write_database(version, tmp_path / f"at-{version}.db")
        await upgrade(database)
        async with database.read() as session:
            found.append(await (await session.connection()).run_sync(indexes))
            assert (await session.execute(text("PRAGMA foreign_key_check"))).all() == []
            assert await session.scalar(text("PRAGMA foreign_keys")) == 1
        await database.close()
    assert found[:-1] == [found[-1]] * len(versions)
    assert len(found[-1]) > 20


async def test_the_newest_step_can_be_taken_back(blank: Database) -> None:
    before = await fill(blank, "0004")
    await move_to(blank, HEAD)
    await move_to(blank, "0004")
    after = await rows_of(blank)
    # The numbers in these two sentences are gone.
    for row, sentence in zip(
        after["replies"][-3:-1],
        (
            "Only posts that should beat more are answered here.",
            "Enough replies a minute were made already.",
        ),
        strict=True,
    ):
        assert row["reason"] == sentence
    for rows in (before, after):
        for row in rows["replies"][-3:-1]:
            del row["reason"]
    assert after == before
    await move_to(blank, HEAD)
    assert Counter(row["skip_code"] for row in (await rows_of(blank))["replies"]) == Counter(
        [None] * 3 + [code.value for code, _ in SKIPS.values()]
    )
    await blank.close()


async def test_statistics_stay_the_same(blank: Database) -> None:
    """Sums that were worked out from sentences are worked out from codes alike."""
    before = await fill(blank, "0004")
    await upgrade(blank)
    await rebuild(blank, lambda moment: season_of(moment, "UTC"))
    after = await rows_of(blank)
    for table in ("standings", "daily_labels", "daily_scores", "community_guesses"):
        assert len(after[table]) == len(before[table]), table
        for old, new in zip(before[table], after[table], strict=True):
            assert {name: value for name, value in new.items() if name != "updated_at"} == {
                name: pytest.approx(value) if isinstance(value, float) else value
                for name, value in old.items()
                if name != "updated_at"
            }
    await blank.close()


async def test_a_migration_that_would_leave_rows_without_their_post_changes_nothing(
    tmp_path: Path,
) -> None:
    path = tmp_path / "broken.db"
    write_database("0004", path)
    with closing(sqlite3.connect(path)) as plain:
        plain.execute("DELETE FROM posts WHERE id = 1")
        plain.commit()
    database = Database(f"sqlite+aiosqlite:///{path}")
    with pytest.raises(sqlite3.IntegrityError, match="rows would point at nothing"):
        await upgrade(database)
    assert await revision(database) == "0004"
    await database.close()


def put_in_place(version: str, data_dir: Path) -> Settings:
    """Let a data folder have an earlier database, whose champion is the one of the folder."""
    path = data_dir / "peoria.db"
    with closing(sqlite3.connect(path)) as new:
        champion: tuple[Any, ...] = new.execute(
            "SELECT name, backbone FROM model_versions WHERE is_champion"
        ).fetchone()
    for file in data_dir.glob("peoria.db*"):
        file.unlink()
    write_database(version, path)
    # The picture of the post that was just seen is here, and so is the champion.
    sha256 = ImageStore(data_dir / "images").put(encode(photo(), "PNG"))
    with closing(sqlite3.connect(path)) as old:
        old.execute("UPDATE model_versions SET name = ?, backbone = ?", champion)
        old.execute("UPDATE post_images SET source = ? WHERE post_id = 5", (f"sha256:{sha256}",))
        old.commit()
    return Settings(data_dir=data_dir, web_port=0, silent_share=0, scores_to_compare=1)


# Of the schemas from 0006 on, some: those between them differ in what serving does not read.
@pytest.mark.parametrize("version", [*VERSIONS[:5], "0008", "0011", "0014", *ROWS])
async def test_it_serves_and_goes_on_with_posts_that_wait(
    data_dir: Path, version: str, clock: FakeClock
) -> None:
    settings = put_in_place(version, data_dir)
    engine = create_engine(f"sqlite:///{data_dir / 'peoria.db'}")
    with engine.connect() as connection:
        before = plain_rows(connection)
    engine.dispose()
    # What is noted there besides, once this installation has opened it.
    before.pop("installation", None)
    async with open_core(settings, clock=clock) as core:
        await came_through(core.database, before, version)
        app = build(core)
        platform = FakePlatform(clock)
        app.platforms[PlatformName.REDDIT] = platform
        platform.scores = {f"p{number}": number for number in range(1, 14)}
        clock.forward(15 * 3600)
        await app.jobs.run_due()
        assert {post for post, _, _ in platform.replies} == {"p4", "p5"}
        clock.forward(16 * 3600)
        await app.jobs.run_due()
        await app.jobs.run_due()
        async with core.database.read() as session:
            states = dict((await session.execute(select(Post.id, Post.state))).all())  # type: ignore[arg-type]
            replies = dict((await session.execute(select(Reply.post_id, Reply.state))).all())  # type: ignore[arg-type]
        waited = [number for number, state in STATES.items() if state not in _ENDS]
        assert waited == [3, 4, 5, 11, 12, 13]
        assert {number: states[number] for number in waited} == dict.fromkeys(
            waited, PostState.SETTLING
        )
        assert [replies[number] for number in (3, 4, 5, 6)] == [ReplyState.SETTLED] * 4


@pytest.fixture
def empty_postgresql() -> Iterator[str]:
    """The URL of a PostgreSQL database with nothing in it."""
    with postgresql.made_database() as url:
        yield url


@pytest.mark.skipif(postgresql.SERVER is None, reason="There is no PostgreSQL.")
@pytest.mark.parametrize("version", [VERSIONS[0], VERSIONS[-1]])
async def test_it_serves_from_postgresql(
    data_dir: Path, version: str, clock: FakeClock, empty_postgresql: str
) -> None:
    with closing(sqlite3.connect(data_dir / "peoria.db")) as new:
        name, backbone = new.execute(
            "SELECT name, backbone FROM model_versions WHERE is_champion"
        ).fetchone()
    database = Database(empty_postgresql)
    await fill(database, version)
    async with database.write() as session:
        await session.execute(
            text("UPDATE model_versions SET name = :name, backbone = :backbone"),
            {"name": name, "backbone": backbone},
        )
    before = await database.change_schema(plain_rows)
    before.pop("installation", None)
    await database.close()
    settings = Settings(
        data_dir=data_dir, database_url=empty_postgresql, web_port=0, silent_share=0
    )
    async with open_core(settings, clock=clock) as core:
        await came_through(core.database, before, version)
        app = build(core)
        platform = FakePlatform(clock)
        app.platforms[PlatformName.REDDIT] = platform
        clock.forward(15 * 3600)
        await app.jobs.run_due()
        assert "p4" in {post for post, _, _ in platform.replies}
        async with core.database.read() as session:
            assert len((await session.scalars(select(Post))).all()) == len(STATES)


def test_killed_in_the_middle_of_a_migration_nothing_is_lost(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name[:7] != "PEORIA_"}
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "tests.fakes.killed_migration", "0004", str(tmp_path)],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    *killed, finished = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(killed) >= 10
    for run in killed:
        assert run["after"]["whole"]
        assert run["after"]["titles"] == run["before"]["titles"]
        # All of the way, or none of it.
        assert run["after"]["revision"] in ("0004", HEAD)
        if run["after"]["revision"] == "0004":
            assert run["after"] == run["before"]
    assert {run["after"]["revision"] for run in killed} >= {"0004"}
    assert finished["after"] == finished["before"]
    assert finished["after"]["revision"] == HEAD
    assert [*tmp_path.glob("*.version-0004")]


_ENDS = (PostState.SETTLING, PostState.REFUSED, PostState.WITHDRAWN)
