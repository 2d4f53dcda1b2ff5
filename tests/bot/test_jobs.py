"""The ticks: which there are, and that none of them holds up the others."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.app import App, build
from bot.core import Core
from bot.jobs import schedule
from bot.leases import Lease
from bot.runtime.roles import Role
from bot.settings import Settings
from bot.training.runs import TrainingRuns
from storage.tables import Label, Post, TrainingRun
from storage.types import RunState
from tests.bot.training.conftest import Trained, trained
from tests.fakes.clock import FakeClock
from tests.fixtures.rows import one_post, row

__all__ = ["trained"]

MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"retrain_min_new_labels": 3, "train_min_labels": 5})


@pytest.fixture
def training(trained: Trained) -> TrainingRuns:
    return trained("keeps")


@pytest.fixture
def app(core: Core, training: TrainingRuns) -> App:
    return build(replace(core, training=training))


async def add_labels(core: Core, count: int, clock: FakeClock) -> None:
    async with core.database.write() as session:
        last = (await session.scalars(select(Post.id).order_by(Post.id.desc()))).first()
        if last is None:
            for each in one_post():
                session.add(each)
                await session.flush()
            last = 1
        for number in range(last + 1, last + 1 + count):
            session.add(row(Post, id=number, source_id=f"p{number}"))
            await session.flush()
            session.add(row(Label, post_id=number, written_at=clock()))


async def states(core: Core, training: TrainingRuns) -> list[RunState]:
    """How all runs ended."""
    async with core.database.read() as session:
        ids = list(await session.scalars(select(TrainingRun.id).order_by(TrainingRun.id)))
    return [(await training.wait_for(run_id)).state for run_id in ids]


async def test_every_tick_makes_up_for_what_it_missed_once(app: App) -> None:
    scheduler = schedule(app.jobs, 2.0)
    jobs = scheduler.get_jobs()
    ids = [job.id for job in jobs]
    assert len(ids) == len(set(ids))
    assert {"retrain", "deliver_notices", "check_health", "reap_dead_run"} <= set(ids)
    scheduler.start(paused=True)
    for job in scheduler.get_jobs():
        assert (job.coalesce, job.max_instances, job.misfire_grace_time) == (True, 1, None)
        assert asyncio.iscoroutinefunction(job.func)
    scheduler.shutdown(wait=False)


async def test_retraining_can_be_switched_off(core: Core) -> None:
    settings = core.settings.model_copy(update={"retrain_cron": "off"})
    app = build(replace(core, settings=settings))
    assert "retrain" not in [job.id for job in schedule(app.jobs, 2.0).get_jobs()]
    await app.jobs.make_up_for_missed()


async def test_a_run_is_asked_for_when_enough_labels_are_new(
    app: App, core: Core, training: TrainingRuns, clock: FakeClock
) -> None:
    await add_labels(core, 4, clock)
    assert not await app.jobs.retrain(), "four in all are fewer than five"
    await add_labels(core, 1, clock)
    clock.forward(1)
    assert await app.jobs.retrain()
    assert await states(core, training) == [RunState.KEPT]
    async with core.database.read() as session:
        assert (await session.scalars(select(TrainingRun.asked_by))).one() == "schedule"
    clock.forward(1)
    await add_labels(core, 2, clock)
    assert not await app.jobs.retrain(), "two new ones are fewer than three"
    await add_labels(core, 1, clock)
    assert await app.jobs.retrain()
    await training.close()


async def test_labels_of_a_run_that_failed_still_count_as_new(
    core: Core, trained: Trained, clock: FakeClock
) -> None:
    await add_labels(core, 5, clock)
    clock.forward(1)
    for mode in ("fails", "dies", "keeps"):
        training = trained(mode)
        assert await build(replace(core, training=training)).jobs.retrain()
        await states(core, training)
    assert await states(core, training) == [RunState.FAILED, RunState.FAILED, RunState.KEPT]
    assert not await build(replace(core, training=training)).jobs.retrain()


async def test_the_tick_returns_while_the_run_goes_on(
    core: Core, trained: Trained, clock: FakeClock, tmp_path: Path
) -> None:
    training = trained("waits")
    app = build(replace(core, training=training))
    await add_labels(core, 5, clock)
    assert await app.jobs.retrain()
    assert await app.jobs.retrain(), "the same run"
    await app.jobs.run_due()
    (tmp_path / "go").touch()
    assert await states(core, training) == [RunState.PROMOTED]


async def test_a_night_that_was_missed_is_made_up_for_once(
    app: App, core: Core, training: TrainingRuns, clock: FakeClock
) -> None:
    await app.jobs.make_up_for_missed()
    await add_labels(core, 5, clock)
    await app.jobs.make_up_for_missed()
    assert await states(core, training) == [], "the night is yet to come"
    clock.now = MIDNIGHT + timedelta(hours=9)
    await app.jobs.make_up_for_missed()
    assert await states(core, training) == [RunState.KEPT]
    await add_labels(core, 5, clock)
    clock.forward(60)
    await app.jobs.make_up_for_missed()
    assert len(await states(core, training)) == 1


async def test_what_was_missed_is_made_up_for_once_the_right_to_train_is_free(
    app: App, core: Core, training: TrainingRuns, clock: FakeClock
) -> None:
    await add_labels(core, 5, clock)
    clock.now = MIDNIGHT + timedelta(hours=9)
    right, other = Lease(core.database, "train"), Lease(core.database, "train")
    assert await other.hold()
    scheduler = schedule(app.jobs, 2.0, leases={Role.TRAIN: right})
    (job,) = (job for job in scheduler.get_jobs() if job.id == "make_up_once")
    await job.func()
    assert await states(core, training) == [], "another trains"
    await other.release()
    await job.func()
    assert await states(core, training) == [RunState.KEPT]
    # The next night is not this one's to make up for: it is scheduled.
    await add_labels(core, 5, clock)
    clock.now += timedelta(days=1)
    await job.func()
    assert len(await states(core, training)) == 1
    await right.release()


async def test_a_run_whose_process_was_killed_is_reaped_by_a_tick(
    app: App, core: Core, clock: FakeClock
) -> None:
    async with core.database.write() as session:
        session.add(row(TrainingRun, started_at=clock(), pid=None))
    await app.jobs.reap_dead_run()
    async with core.database.read() as session:
        assert (await session.scalars(select(TrainingRun.state))).one() is RunState.FAILED
