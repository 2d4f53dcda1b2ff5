"""Several processes on one database, each with some of the roles."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import select, update

from bot.app import App, build, running
from bot.core import Core
from bot.jobs import TICKS, Jobs, schedule
from bot.leases import Lease
from bot.operations.agreement import MUST_AGREE, SettingsDisagree
from bot.operations.findings import State
from bot.operations.heartbeat import Heartbeat, life_finding, role_findings
from bot.platform import PlatformRefused
from bot.runtime.processes import this_process
from bot.runtime.roles import ALL, Role
from bot.settings import Settings
from bot.training.runs import TrainingRuns
from storage.tables import Lease as LeaseRow
from storage.tables import Post, RunningProcess, TrainingRun
from storage.types import PlatformName, PostState, RunState
from tests.bot.training.conftest import Trained, trained
from tests.fakes.clock import FakeClock
from tests.fakes.platform import FakePlatform, incoming
from tests.fixtures.images import encode, photo

__all__ = ["trained"]

ELSEWHERE = "0123456789abcdef 1 1.0"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"web": False, "silent_share": 0})


def with_roles(core: Core, *roles: Role, training: TrainingRuns | None = None) -> App:
    """Another process, with some of the roles."""
    settings = core.settings.model_copy(update={"roles": roles})
    return build(replace(core, settings=settings, training=training or core.training))


async def test_posts_are_left_to_the_processes_that_have_their_platform(
    core: Core, clock: FakeClock
) -> None:
    web, reddit = with_roles(core, Role.WEB), with_roles(core, Role.REDDIT)
    platform = reddit.platforms[PlatformName.REDDIT] = FakePlatform(clock)
    post = incoming("p1", encode(photo(), "PNG"), posted_at=clock())
    assert await reddit.pipeline.accept(PlatformName.REDDIT, post)
    assert await web.jobs.run_due() == 0
    assert await reddit.jobs.run_due() == 1
    assert len(platform.replies) == 1
    clock.forward(24 * 3600)
    assert await web.jobs.run_due() == 0
    assert await reddit.jobs.run_due() > 0
    async with core.database.read() as session:
        (found,) = await session.scalars(select(Post))
    assert found.state not in (PostState.SEEN, PostState.PREDICTED)


async def test_each_role_has_its_jobs_and_all_have_all(core: Core) -> None:
    def ids(*roles: Role) -> set[str]:
        return {job.id for job in schedule(core_jobs, 2.0, roles=roles).get_jobs()}

    core_jobs: Jobs = build(core).jobs
    assert ids(*ALL) == {tick.job.__name__ for tick in TICKS} | {"retrain"}
    assert ids(*ALL) == set().union(*(ids(role) for role in Role))
    assert "give_sign_of_life" in ids(Role.EMBED)
    assert not ids(Role.WEB, Role.DISCORD) & {"retrain", "take_asked_run", "read_texts", "back_up"}
    assert "advance_posts" not in ids(Role.JOBS, Role.EMBED, Role.TRAIN)


async def test_a_job_of_which_there_is_one_is_done_by_the_owner_of_its_lease(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    async def note(_: Jobs) -> None:
        done.append("webhooks")

    async def nothing(_: Jobs) -> None:
        return

    note.__name__ = "deliver_webhooks"
    monkeypatch.setattr("bot.jobs.TICKS", tuple(
        replace(tick, job=note if tick.job is Jobs.deliver_webhooks else nothing)
        for tick in TICKS if tick.job is Jobs.deliver_webhooks
    ))  # fmt: skip
    first, second = with_roles(core, Role.JOBS), with_roles(core, Role.JOBS)

    async def tick(app: App) -> None:
        scheduler = schedule(app.jobs, 2.0, roles=app.roles, leases=app.leases)
        await scheduler.get_job("deliver_webhooks").func()

    await tick(first)
    await tick(second)
    assert done == ["webhooks"]
    await first.leases[Role.JOBS].release()
    await tick(second)
    await tick(first)
    assert done == ["webhooks"] * 2
    await second.leases[Role.JOBS].release()


async def test_who_waits_for_a_right_goes_on_giving_signs_of_life(
    core: Core, clock: FakeClock
) -> None:
    owner = with_roles(core, Role.JOBS)
    waits = with_roles(core, Role.JOBS, Role.EMBED, Role.TRAIN)
    assert await owner.leases[Role.JOBS].hold()
    await waits.heartbeat.begin(waits.roles, waits.core.settings)
    clock.forward(600)
    scheduler = schedule(waits.jobs, 2.0, roles=waits.roles, leases=waits.leases)
    await scheduler.get_job("give_sign_of_life").func()
    async with core.database.read() as session:
        process = (await session.scalars(select(RunningProcess))).one()
    assert process.seen_at == clock()
    await owner.leases[Role.JOBS].release()


async def test_training_that_is_asked_for_is_carried_out_by_a_process_that_trains(
    core: Core, trained: Trained, settings: Settings
) -> None:
    asking = with_roles(core, Role.WEB, training=trained("promotes"))
    asked = await asking.core.training.start_or_join(asked_by="board")
    assert not asked.joined
    again = await asking.core.training.start_or_join(asked_by="board")
    assert (again.run_id, again.joined) == (asked.run_id, True)
    assert not await asking.jobs.take_asked_run()
    await asking.jobs.reap_dead_run()
    async with core.database.read() as session:
        run = (await session.scalars(select(TrainingRun))).one()
    assert (run.state, run.is_waiting, run.pid) == (RunState.RUNNING, True, None)

    trains = with_roles(core, Role.TRAIN, training=trained("keeps"))
    waiting = asyncio.create_task(asking.core.training.wait_for(asked.run_id))
    assert await trains.jobs.take_asked_run()
    assert not await trains.jobs.take_asked_run()
    ended = await waiting
    assert (ended.state, ended.asked_by, ended.is_waiting) == (RunState.KEPT, "board", False)
    await trains.core.training.close()


async def test_who_trains_takes_a_run_that_waits_when_it_is_asked_itself(
    core: Core, trained: Trained
) -> None:
    asked = await with_roles(core, Role.WEB, training=trained("keeps")).core.training.start_or_join(
        asked_by="board"
    )
    mine = trained("keeps")
    joined = await mine.start_or_join(asked_by="command")
    assert joined.run_id == asked.run_id
    assert (await mine.wait_for(joined.run_id)).state is RunState.KEPT


async def test_a_run_that_nobody_takes_ends_and_says_why(
    core: Core, trained: Trained, clock: FakeClock
) -> None:
    asking = with_roles(core, Role.WEB, training=trained("keeps"))
    asked = await asking.core.training.start_or_join(asked_by="board")
    clock.forward(30 * 24 * 3600)
    run = await asking.core.training.wait_for(asked.run_id)
    assert run.state is RunState.FAILED
    assert "role train" in (run.reason or "")


async def test_the_result_of_a_run_that_another_process_ended_is_dropped(
    core: Core, trained: Trained
) -> None:
    training = trained("promotes")
    run_id, champion = await training._table.begin("command")
    async with core.database.write() as session:
        # To everybody else its process has been silent for a day.
        await session.execute(update(LeaseRow).values(owner=f"{ELSEWHERE} x", expires=1.0))
        await session.execute(update(TrainingRun).values(pid=1))
    other = trained("keeps")
    other._table._here = set()  # type: ignore[misc]
    await other.reap_dead_run()
    await training._carry_out(run_id, champion, seed=1)
    ended = await training._table.read(run_id)
    assert (ended.state, ended.model_version_id) == (RunState.FAILED, None)


async def test_a_process_with_other_settings_refuses_and_says_which(core: Core) -> None:
    first, second = Heartbeat(core.database, clock=core.clock), Heartbeat(
        core.database, clock=core.clock, process=ELSEWHERE
    )  # fmt: skip
    await first.begin([Role.WEB], core.settings)
    other = core.settings.model_copy(update={"season_time_zone": "Europe/Berlin"})
    with pytest.raises(SettingsDisagree, match="PEORIA_SEASON_TIME_ZONE is 'Europe/Berlin' here"):
        await second.begin([Role.JOBS], other)
    await second.begin([Role.JOBS], core.settings)
    await second.end()
    await first.end()
    await second.begin([Role.JOBS], other)
    await second.end()


def test_no_secret_is_among_what_must_agree() -> None:
    for name in MUST_AGREE:
        assert "Secret" not in str(Settings.model_fields[name].annotation)


async def test_doctor_names_processes_roles_that_nobody_has_and_wrong_clocks(core: Core) -> None:
    now = core.clock()
    mine = Heartbeat(core.database, clock=core.clock)
    await mine.begin(
        [Role.WEB, Role.JOBS], core.settings.model_copy(update={"roles": (Role.JOBS,)})
    )
    async with core.database.write() as session:
        session.add(
            RunningProcess(
                name=ELSEWHERE, started_at=now, seen_at=now, host="far", release="9.9",
                roles="train,discord", settings={}, clock_ahead=-90.0,
            )
        )  # fmt: skip
    async with core.database.read() as session:
        life = await session.run_sync(life_finding, now)
        found = await session.run_sync(role_findings, now)
    assert "2 running" in life.sentence
    assert "train,discord on far (9.9)" in life.sentence
    assert [(each.part, each.state) for each in found] == [
        ("roles", State.LOOK), ("roles", State.LOOK), ("clock", State.LOOK),
    ]  # fmt: skip
    assert "the role web" in found[0].sentence
    assert "the role embed" in found[1].sentence
    assert "clock of far is 90 s behind" in found[2].sentence


async def test_one_process_with_all_roles_lacks_none(core: Core) -> None:
    heartbeat = Heartbeat(core.database, clock=core.clock)
    await heartbeat.begin(build(core).roles, core.settings)
    async with core.database.read() as session:
        assert await session.run_sync(role_findings, core.clock()) == []


async def test_a_process_without_a_platform_runs_where_none_was_asked_of_it(core: Core) -> None:
    app = with_roles(core, Role.JOBS, Role.EMBED)
    async with running(app):
        async with core.database.read() as session:
            rows = [*await session.scalars(select(RunningProcess))]
        assert [(row.name, row.roles) for row in rows] == [(this_process(), "jobs,embed")]
        other = Lease(core.database, "role jobs", term=10)
        assert not app.leases[Role.JOBS].is_elsewhere
    assert await other.hold()
    await other.release()
    with pytest.raises(PlatformRefused, match="PEORIA_ROLES"):
        async with running(with_roles(core, Role.DISCORD, Role.JOBS)):
            pytest.fail("it ran")
