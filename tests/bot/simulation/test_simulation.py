"""A small made-up community, lived through twice."""

import asyncio
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bot.simulation.errors import SimulationRefused
from bot.simulation.plan import Plan, prepare
from bot.simulation.report import Report, simulate

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
