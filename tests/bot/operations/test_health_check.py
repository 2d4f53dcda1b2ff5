"""Labels that shift, predictions worse than the base rate, and what is done about them."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from bot.core import Core
from bot.operations.health_check import HealthCheck
from bot.reports.label_shift import SHIFT_DAYS
from bot.reports.monitoring import MIN_SCORED, SKILL_DAYS
from bot.texts.language import speaking
from bot.texts.translate import retell
from bot.training.versions import make_champion
from storage.tables import Community, DailyScore, Label, ModelVersion, Notice, Post, TrainingRun
from storage.types import RunState
from tests.fakes.clock import FakeClock
from tests.fixtures.rows import one_post, row

N = 4 * MIN_SCORED


@pytest.fixture
async def community(core: Core, clock: FakeClock) -> None:
    """A community, and v1 as champion since a moment ago."""
    async with core.database.write() as session:
        for each in one_post():
            session.add(each)
            await session.flush()
    await serve(core, 100, clock)


async def serve(core: Core, version_id: int, clock: FakeClock) -> None:
    async with core.database.write() as session:
        version = await session.get_one(ModelVersion, version_id)
        await make_champion(session, version, clock())


async def scored(
    core: Core, clock: FakeClock, gain: float, *, n: int = N, version: int = 100
) -> None:
    """Today's posts, each of which gained so much over the base rate, with some spread."""
    async with core.database.write() as session:
        await session.merge(
            DailyScore(
                day=clock().date(), community_id=1, model_version_id=version, n=n, hits=n // 3,
                expected_hits=n / 3, rps_sum=n * (0.16 - gain), base_rps_sum=n * 0.16,
                gain_squared_sum=n * (gain**2 + 0.05**2), log_sum=2.3 * n, base_log_sum=2.3 * n,
                brier_sum=0.6 * n,
            )
        )  # fmt: skip


async def labelled(core: Core, clock: FakeClock, scores: list[float], *, days: float) -> None:
    """Labels that matured so many days ago."""
    async with core.database.write() as session:
        first = (await session.scalar(select(Post.id).order_by(Post.id.desc()))) or 0
        for number, score in enumerate(scores, first + 1):
            session.add(row(Post, id=number, source_id=f"p{number}"))
            await session.flush()
            matured = clock() - timedelta(days=days, seconds=number)
            session.add(row(Label, post_id=number, score=score, matured_at=matured))


async def notices(core: Core) -> list[str]:
    async with core.database.read() as session:
        return list(await session.scalars(select(Notice.kind).order_by(Notice.id)))


async def paused(core: Core) -> str | None:
    async with core.database.read() as session:
        return (await session.get_one(Community, 1)).paused_reason


def health_check(core: Core, clock: FakeClock, *, pause: bool = True) -> HealthCheck:
    return HealthCheck(core.database, pause=pause, clock=clock)


@pytest.mark.usefixtures("community")
@pytest.mark.parametrize(
    ("gain", "n", "silent"),
    [
        (-0.02, N, True), (0.0, N, False), (-0.001, N, False), (0.02, N, False),
        (-0.02, MIN_SCORED - 1, False),
    ],
)  # fmt: skip
async def test_replies_pause_where_predictions_are_surely_worse_than_the_base_rate(
    core: Core, clock: FakeClock, gain: float, n: int, silent: bool
) -> None:
    await scored(core, clock, gain, n=n)
    assert await health_check(core, clock).run() == int(silent)
    assert (await paused(core) is not None) == silent
    assert await notices(core) == (["paused"] if silent else [])
    # A second check changes nothing.
    assert await health_check(core, clock).run() == 0


@pytest.mark.usefixtures("community")
async def test_where_every_score_ties_replies_go_on(core: Core, clock: FakeClock) -> None:
    # Rounding dust of the base rate: the skill was -49585811360694755070805714927616.
    async with core.database.write() as session:
        await session.merge(
            DailyScore(
                day=clock().date(), community_id=1, model_version_id=100, n=N, hits=N,
                expected_hits=N, rps_sum=N * 0.16, base_rps_sum=N * 3e-33,
                gain_squared_sum=N * 0.16**2, log_sum=0.0, base_log_sum=0.0, brier_sum=0.0,
            )
        )  # fmt: skip
    assert await health_check(core, clock).run() == 0
    assert await paused(core) is None


@pytest.mark.usefixtures("community")
async def test_what_is_said_names_the_community_and_the_skill(core: Core, clock: FakeClock) -> None:
    await scored(core, clock, -0.02)
    await health_check(core, clock).run()
    async with core.database.read() as session:
        notice = (await session.scalars(select(Notice))).one()
    assert notice.community_id == 1
    assert "v1 were worse than the base rate in r/test: skill -0.12" in notice.text
    assert "PEORIA_PAUSE_ON_BAD_SKILL" in notice.text
    reason = await paused(core) or ""
    assert reason.startswith("The predictions of v1")
    with speaking("de"):
        assert retell(reason).startswith("Die Vorhersagen von v1 waren bei den letzten ")


@pytest.mark.usefixtures("community")
async def test_where_replies_may_not_pause_the_notice_says_so(core: Core, clock: FakeClock) -> None:
    await scored(core, clock, -0.02)
    assert await health_check(core, clock, pause=False).run() == 1
    assert await paused(core) is None
    assert await health_check(core, clock, pause=False).run() == 0


@pytest.mark.usefixtures("community")
async def test_it_replies_again_when_predictions_are_better(core: Core, clock: FakeClock) -> None:
    await scored(core, clock, -0.02)
    await health_check(core, clock).run()
    clock.now += timedelta(days=SKILL_DAYS + 1)
    assert await health_check(core, clock).run() == 0
    await scored(core, clock, 0.02)
    assert await health_check(core, clock).run() == 1
    assert await paused(core) is None
    assert await notices(core) == ["paused", "resumed"]
    # And they may pause again.
    await scored(core, clock, -0.02)
    await health_check(core, clock).run()
    assert await notices(core) == ["paused", "resumed", "paused"]


@pytest.mark.usefixtures("community")
async def test_it_replies_again_when_a_new_champion_serves(core: Core, clock: FakeClock) -> None:
    await scored(core, clock, -0.02)
    await health_check(core, clock).run()
    clock.forward(60)
    async with core.database.write() as session:
        session.add(row(ModelVersion, id=101, name="v2"))
    await serve(core, 101, clock)
    assert await health_check(core, clock).run() == 1
    assert await paused(core) is None
    async with core.database.read() as session:
        texts = list(await session.scalars(select(Notice.text).order_by(Notice.id)))
    assert "v2 serves now" in texts[-1]


@pytest.mark.usefixtures("community")
async def test_replies_that_a_person_switched_on_stay_on(core: Core, clock: FakeClock) -> None:
    await scored(core, clock, -0.02)
    await health_check(core, clock).run()
    async with core.database.write() as session:
        await session.execute(update(Community).values(paused_at=None, paused_reason=None))
    assert await health_check(core, clock).run() == 0
    assert await paused(core) is None


@pytest.mark.usefixtures("community")
async def test_admins_are_told_once_of_a_champion_that_is_worse_than_when_it_was_made(
    core: Core, clock: FakeClock
) -> None:
    metrics = {"rps_skill": 0.3, "intervals": {"rps_skill": [0.25, 0.35]}}
    async with core.database.write() as session:
        await session.execute(
            update(ModelVersion).where(ModelVersion.id == 100).values(metrics=metrics)
        )
    await scored(core, clock, 0.01)
    assert await health_check(core, clock).run() == 0, "it was made elsewhere"
    async with core.database.write() as session:
        session.add(
            row(TrainingRun, state=RunState.PROMOTED, finished_at=clock(), model_version_id=100)
        )
    assert await health_check(core, clock).run() == 1
    assert await health_check(core, clock).run() == 0
    assert await notices(core) == ["skill"]


@pytest.mark.usefixtures("community")
async def test_a_shift_of_the_labels_is_told_of_once_for_its_span(
    core: Core, clock: FakeClock
) -> None:
    await labelled(core, clock, [float(n % 20) for n in range(200)], days=SHIFT_DAYS + 1)
    await labelled(core, clock, [float(n % 20) for n in range(60)], days=1)
    assert await health_check(core, clock).run() == 0
    await labelled(core, clock, [30.0 + n % 20 for n in range(60)], days=0.5)
    assert await health_check(core, clock).run() == 1
    assert await health_check(core, clock).run() == 0
    assert await notices(core) == ["shift"]
