"""What grows with every post goes after a stated time, and nothing else does."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from bot.operations.old_rows import OldRows, old_rows_finding
from bot.settings import Settings
from storage.engine.database import Database
from storage.tables import Label, ModelVersion, Nowcast, Post, Prediction, Snapshot
from storage.types import PostState
from tests.fixtures.rows import LATER, one_post, row

DAY = timedelta(days=1)


@pytest.fixture
async def labelled(database: Database) -> Database:
    """A labelled post: two early readings, a second look, a dropped version's forecast."""
    async with database.write() as session:
        for each in one_post():
            if isinstance(each, ModelVersion):
                each.dropped_at = LATER
            session.add(each)
            await session.flush()
        session.add_all(
            [
                row(Label),
                row(Snapshot),
                row(Snapshot, reading=600, age_seconds=601.0),
                row(Snapshot, reading=3600, age_seconds=3601.0),
                Nowcast(
                    post_id=1, reading=600, made_at=LATER, score_p10=1.0, score_median=2.0,
                    score_p90=3.0,
                ),
                row(Prediction, scored_at=LATER, log_score=1.0, rps=0.1, brier=0.1),
            ]
        )  # fmt: skip
    return database


async def counts(database: Database) -> tuple[int, int, int, int]:
    async with database.read() as session:
        found = [
            await session.scalar(select(func.count()).select_from(table)) or 0
            for table in (Snapshot, Nowcast, Prediction, Label)
        ]
    return found[0], found[1], found[2], found[3]


def old_rows(database: Database, age: timedelta, **days: float) -> OldRows:
    kept = {"readings_days": 0.0, "forecasts_days": 0.0} | days
    return OldRows(database, **kept, clock=lambda: LATER + age)


async def test_nothing_goes_where_nothing_is_set(labelled: Database) -> None:
    assert await old_rows(labelled, 1000 * DAY).sweep() == 0
    assert await counts(labelled) == (3, 1, 1, 1)


async def test_early_readings_go_after_their_time_and_the_last_one_stays(
    labelled: Database,
) -> None:
    assert await old_rows(labelled, 9 * DAY, readings_days=10).sweep() == 0
    assert await old_rows(labelled, 11 * DAY, readings_days=10).sweep() == 3
    assert await counts(labelled) == (1, 0, 1, 1)
    assert await old_rows(labelled, 12 * DAY, readings_days=10).sweep() == 0
    async with labelled.read() as session:
        assert await session.scalar(select(Snapshot.reading)) == 7200


async def test_forecasts_go_whose_version_is_gone(labelled: Database) -> None:
    async with labelled.write() as session:
        version = await session.get_one(ModelVersion, 100)
        version.dropped_at = None
    assert await old_rows(labelled, 11 * DAY, forecasts_days=10).sweep() == 0
    async with labelled.write() as session:
        version = await session.get_one(ModelVersion, 100)
        version.dropped_at = LATER
    assert await old_rows(labelled, 9 * DAY, forecasts_days=10).sweep() == 0
    assert await old_rows(labelled, 11 * DAY, forecasts_days=10).sweep() == 1
    assert await counts(labelled) == (3, 1, 0, 1)


async def test_the_forecast_of_a_post_whose_outcome_is_still_to_be_shown_stays(
    labelled: Database,
) -> None:
    async with labelled.write() as session:
        post = await session.get_one(Post, 1)
        post.predicted_at, post.state = LATER, PostState.SETTLING
    assert await old_rows(labelled, 11 * DAY, forecasts_days=10).sweep() == 0
    async with labelled.write() as session:
        post = await session.get_one(Post, 1)
        post.state = PostState.LABELLED
    assert await old_rows(labelled, 11 * DAY, forecasts_days=10).sweep() == 1


async def test_doctor_says_how_much_there_is_and_for_how_long(labelled: Database) -> None:
    settings = Settings(_env_file=None, readings_days=30)
    found = await labelled.run_read(lambda session: old_rows_finding(session, settings))
    assert found.sentence == (
        "Readings: 3; early ones are kept for 30 days. Forecasts: 1; those of dropped versions are"
        " kept for ever."
    )
