"""A small made-up community, lived through twice."""

import asyncio
import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bot.simulation.audit import audit
from bot.simulation.clock import SimulatedClock
from bot.simulation.community import START, World
from bot.simulation.errors import SimulationRefused, SomethingLost
from bot.simulation.plan import Plan, prepare
from bot.simulation.platform import SimulatedPlatform
from bot.simulation.report import Report, simulate
from storage.engine.database import Database

TRAINER = (sys.executable, "-m", "tests.fakes.quick_trainer")
PLAN = Plan(posts=48, days=2, seed=3, retrain_labels=20, trainer=TRAINER)


def run(folder: Path) -> Report:
    return asyncio.run(
        simulate(PLAN, folder, resume=False, draw=False, on_progress=lambda moment, posts: None)
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("simulated")


@pytest.fixture(scope="module")
def report(folder: Path) -> Report:
    return run(folder)


def rows(folder: Path, query: str) -> list[Any]:
    with closing(sqlite3.connect(folder / "data" / "peoria.db")) as database:
        return database.execute(query).fetchall()


def test_every_post_comes_to_its_end(report: Report) -> None:
    """The audit inside raises where one does not."""
    counts = report.counts
    assert counts["posts"] == PLAN.posts
    assert counts["scored"] + counts["withdrawn"] + counts["refused"] == PLAN.posts
    assert counts["labels"] == counts["scored"] > 40
    assert counts["guesses"] > 0


def test_a_night_brings_a_version_that_then_serves(report: Report, folder: Path) -> None:
    assert [state for _, state, _ in report.runs] == ["promoted"]
    ((name,),) = rows(folder, "SELECT name FROM model_versions WHERE is_champion")
    assert name.startswith("quick-")


def test_its_folder_is_its_own(folder: Path, report: Report) -> None:
    assert report
    with pytest.raises(SimulationRefused, match="--resume"):
        prepare(folder, PLAN, resume=False)
    other = Plan(posts=49, days=2, seed=3, retrain_labels=20)
    with pytest.raises(SimulationRefused, match="other options"):
        prepare(folder, other, resume=True)


def test_what_a_killed_process_left_half_done_is_done_though_no_post_is_due(
    folder: Path, report: Report
) -> None:
    """Killed after a deleted post was withdrawn and before its reply was removed."""
    assert report
    with closing(sqlite3.connect(folder / "data" / "peoria.db")) as database:
        left = "SELECT id FROM posts JOIN replies ON post_id = id WHERE posts.state = 'withdrawn'"
        ((post_id,), *_) = database.execute(left).fetchall()
        change = (
            "UPDATE replies SET state = 'sent', source_id = 'a', reason = NULL WHERE post_id = ?"
        )
        database.execute(change, (post_id,))
        database.commit()
    asyncio.run(simulate(PLAN, folder, resume=True, draw=False, on_progress=lambda *_: None))
    ((state,),) = rows(folder, f"SELECT state FROM replies WHERE post_id = {post_id}")  # noqa: S608
    assert state == "skipped"


async def audit_of(folder: Path) -> None:
    world = World(PLAN.seed, PLAN.posts, PLAN.days)
    clock = SimulatedClock(folder / "clock", START)
    platform = SimulatedPlatform(world, folder / "replies.jsonl", clock)
    database = Database(f"sqlite+aiosqlite:///{folder / 'data' / 'peoria.db'}")
    try:
        async with database.read() as session:
            await audit(session, world, platform)
    finally:
        await database.close()
        await platform.stop()


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("UPDATE posts SET source_id = 'x' WHERE id = 1", "x was never posted; .* is not stored"),
        ("UPDATE posts SET due_at = '2024-01-05' WHERE id = 1", "is still due at"),
        ("DELETE FROM labels WHERE post_id = 1", "has 0 labels"),
        ("UPDATE guesses SET points = NULL", "has a guess without points"),
        ("UPDATE snapshots SET score = score + 1 WHERE post_id = 1", "has the score"),
        ("UPDATE standings SET points = points + 1 WHERE season = 'all'", "the standing of"),
        ("UPDATE replies SET state = 'skipped' WHERE post_id = 1", "none in the tables"),
    ],
)
def test_the_audit_names_what_is_wrong(
    folder: Path, report: Report, tmp_path: Path, change: str, problem: str
) -> None:
    assert report
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    asyncio.run(audit_of(copy))
    with closing(sqlite3.connect(copy / "data" / "peoria.db")) as database:
        database.execute("PRAGMA ignore_check_constraints = ON")
        database.execute(change)
        database.commit()
    with pytest.raises(SomethingLost, match=problem):
        asyncio.run(audit_of(copy))
