"""When heads of servers' own are fitted: after the schedule, where there are labels enough."""

import pytest
from apscheduler.triggers.cron import CronTrigger
from sqlalchemy import select

from bot.core import Core
from bot.runtime.cron import cron_trigger
from bot.servers import change_server, communities_of_server, find_server, set_own_head
from bot.training.own_heads import OwnHeads
from storage.tables import Community, Label, OwnHead, Post, TrainingRun
from storage.types import RunState
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
