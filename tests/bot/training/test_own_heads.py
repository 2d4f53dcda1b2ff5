"""When heads of servers' own are fitted: after the schedule, where there are labels enough."""

from pathlib import Path

import pytest
from apscheduler.triggers.cron import CronTrigger
from sqlalchemy import select

from bot.core import Core
from bot.runtime.cron import cron_trigger
from bot.servers import (
    change_server,
    communities_of_server,
    find_server,
    request_of,
    set_own_head,
)
from bot.training.own_heads import OwnHeads
from bot.training.schedule import RetrainSchedule
from storage.tables import Community, Label, Notice, OwnHead, Post, TrainingRun
from storage.types import PlatformName, RunState
from tests.bot.training.conftest import Trained, champion, runs
from tests.fakes.clock import FakeClock
from tests.fixtures.rows import MOMENT, row


@pytest.fixture
def heads(core: Core, trained: Trained, clock: FakeClock) -> OwnHeads:
    trigger = cron_trigger("0 4 * * *", "UTC")
    assert isinstance(trigger, CronTrigger)
    training = trained("promotes")
    return OwnHeads(core.database, training, trigger, min_new=2, min_labels=3, clock=clock)


async def label(core: Core, clock: FakeClock, *numbers: int) -> None:
    async with core.database.write() as session:
        for number in numbers:
            session.add(row(Post, id=number, source_id=f"p{number}", author_id=None))
            await session.flush()
            session.add(row(Label, post_id=number, matured_at=MOMENT, written_at=clock()))


async def fitted(core: Core, heads: OwnHeads) -> bool:
    """Whether a run was started; it has ended by then."""
    started = await heads.fit_next()
    if started:
        training = heads._training
        await training.wait_for((await runs(core))[-1].id)
    return started


async def test_a_servers_head_is_fitted_with_the_schedule_and_joins(
    core: Core, heads: OwnHeads, clock: FakeClock
) -> None:
    before = await champion(core)
    async with core.database.write() as session:
        session.add(row(Community))
    async with core.database.read() as session:
        (community,) = await session.scalars(select(Community))
    place = (community.platform, community.server_or_self)
    await label(core, clock, 1, 2, 3)
    assert not await fitted(core, heads)
    await change_server(core.database, *place, lambda server: set_own_head(server, is_on=True))
    # At once, for people to see that something happens.
    assert await fitted(core, heads)
    (run,) = await runs(core)
    assert (run.state, run.reason) == (RunState.KEPT, "Better.")
    async with core.database.read() as session:
        server = await find_server(session, *place)
        assert list(await communities_of_server(session, *place)) == [community.id]
        # It is nothing for the admins of all other servers.
        assert (await session.scalars(select(Notice))).all() == []
    assert server is not None
    assert server.own_head is not None
    assert server.own_head.model_version_id == run.model_version_id
    # It serves nowhere.
    assert server.model_version_id is None
    assert await champion(core) == before
    # Then with the schedule, and if there are labels that are new.
    clock.forward(60)
    await label(core, clock, 4, 5)
    assert not await heads.fit_next()
    clock.forward(24 * 3600)
    async with core.database.write() as session:
        session.add(
            TrainingRun(
                state=RunState.REFUSED, asked_by=run.asked_by, started_at=clock(),
                finished_at=clock(),
            )
        )  # fmt: skip
    clock.forward(24 * 3600)
    assert not await heads.fit_next()
    await label(core, clock, 6)
    assert not await heads.fit_next()
    await label(core, clock, 7)
    async with core.database.write() as session:
        (await session.scalars(select(OwnHead))).one().is_on = False
    assert not await heads.fit_next()


async def test_what_serves_all_comes_next_where_a_servers_run_was_in_its_way(
    core: Core, trained: Trained, clock: FakeClock, tmp_path: Path
) -> None:
    training = trained("waits")
    schedule = RetrainSchedule(
        core.database, training, None,
        min_new=2, min_labels=3, why_unusable=lambda _: None, clock=clock,
    )  # fmt: skip
    async with core.database.write() as session:
        session.add(row(Community))
    await label(core, clock, 1, 2, 3)
    assert not await schedule.retrain_if_owed()
    asked = await training.start_or_join(asked_by=request_of(PlatformName.DISCORD, "1"))
    assert await schedule.retrain_if_due()
    assert await schedule.retrain_if_owed()
    assert len(await runs(core)) == 1
    (tmp_path / "go").touch()
    await training.wait_for(asked.run_id)
    assert await schedule.retrain_if_owed()
    assert [each.asked_by for each in await runs(core)][1:] == ["schedule"]
    await training.wait_for((await runs(core))[-1].id)
    assert not await schedule.retrain_if_owed()
