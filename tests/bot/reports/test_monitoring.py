"""Labels that shift, predictions worse than none, and what is said and done about it."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ks_2samp
from sqlalchemy import select, update

from bot.core import Core
from bot.reports.monitoring import (
    MIN_SCORED,
    SHIFT_DAYS,
    SKILL_DAYS,
    Monitor,
    label_shift,
)
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


def health(core: Core, clock: FakeClock, *, pause: bool = True) -> Monitor:
    return Monitor(core.database, pause=pause, clock=clock)


@pytest.mark.usefixtures("community")
@pytest.mark.parametrize(
    ("gain", "n", "silent"),
    [
        (-0.02, N, True), (0.0, N, False), (-0.001, N, False), (0.02, N, False),
        (-0.02, MIN_SCORED - 1, False),
    ],
)  # fmt: skip
async def test_surely_worse_than_the_base_rate_falls_silent(
    core: Core, clock: FakeClock, gain: float, n: int, silent: bool
) -> None:
    await scored(core, clock, gain, n=n)
    assert await health(core, clock).check() == int(silent)
    assert (await paused(core) is not None) == silent
    assert await notices(core) == (["paused"] if silent else [])
    # Looking again changes nothing.
    assert await health(core, clock).check() == 0


@pytest.mark.usefixtures("community")
async def test_what_is_said_names_the_community_and_the_skill(core: Core, clock: FakeClock) -> None:
    await scored(core, clock, -0.02)
    await health(core, clock).check()
    async with core.database.read() as session:
        notice = (await session.scalars(select(Notice))).one()
    assert notice.community_id == 1
    assert "v1 were worse than the base rate in r/test: skill -0.12" in notice.text
    assert "PEORIA_PAUSE_ON_BAD_SKILL" in notice.text
    assert (await paused(core) or "").startswith("The predictions of v1")


@pytest.mark.usefixtures("community")
async def test_where_it_may_not_fall_silent_it_says_so(core: Core, clock: FakeClock) -> None:
    await scored(core, clock, -0.02)
    assert await health(core, clock, pause=False).check() == 1
    assert await paused(core) is None
    assert await health(core, clock, pause=False).check() == 0


@pytest.mark.usefixtures("community")
async def test_it_replies_again_when_predictions_are_better(core: Core, clock: FakeClock) -> None:
    await scored(core, clock, -0.02)
    await health(core, clock).check()
    clock.now += timedelta(days=SKILL_DAYS + 1)
    assert await health(core, clock).check() == 0
    await scored(core, clock, 0.02)
    assert await health(core, clock).check() == 1
    assert await paused(core) is None
    assert await notices(core) == ["paused", "resumed"]
    # And may fall silent again.
    await scored(core, clock, -0.02)
    await health(core, clock).check()
    assert await notices(core) == ["paused", "resumed", "paused"]


@pytest.mark.usefixtures("community")
async def test_it_replies_again_when_a_new_champion_serves(core: Core, clock: FakeClock) -> None:
    await scored(core, clock, -0.02)
    await health(core, clock).check()
    clock.forward(60)
    async with core.database.write() as session:
        session.add(row(ModelVersion, id=101, name="v2"))
    await serve(core, 101, clock)
    assert await health(core, clock).check() == 1
    assert await paused(core) is None
    async with core.database.read() as session:
        texts = list(await session.scalars(select(Notice.text).order_by(Notice.id)))
    assert "v2 serves now" in texts[-1]


@pytest.mark.usefixtures("community")
async def test_what_a_person_let_go_on_goes_on(core: Core, clock: FakeClock) -> None:
    await scored(core, clock, -0.02)
    await health(core, clock).check()
    async with core.database.write() as session:
        await session.execute(update(Community).values(paused_at=None, paused_reason=None))
    assert await health(core, clock).check() == 0
    assert await paused(core) is None


@pytest.mark.usefixtures("community")
async def test_a_champion_that_does_not_keep_its_promise_is_told_of_once(
    core: Core, clock: FakeClock
) -> None:
    metrics = {"rps_skill": 0.3, "intervals": {"rps_skill": [0.25, 0.35]}}
    async with core.database.write() as session:
        await session.execute(
            update(ModelVersion).where(ModelVersion.id == 100).values(metrics=metrics)
        )
    await scored(core, clock, 0.01)
    assert await health(core, clock).check() == 0, "it was made elsewhere"
    async with core.database.write() as session:
        session.add(
            row(TrainingRun, state=RunState.PROMOTED, finished_at=clock(), model_version_id=100)
        )
    assert await health(core, clock).check() == 1
    assert await health(core, clock).check() == 0
    assert await notices(core) == ["skill"]


@pytest.mark.usefixtures("community")
async def test_a_shift_of_the_labels_is_told_of_once_for_its_span(
    core: Core, clock: FakeClock
) -> None:
    await labelled(core, clock, [float(n % 20) for n in range(200)], days=SHIFT_DAYS + 1)
    await labelled(core, clock, [float(n % 20) for n in range(60)], days=1)
    assert await health(core, clock).check() == 0
    await labelled(core, clock, [30.0 + n % 20 for n in range(60)], days=0.5)
    assert await health(core, clock).check() == 1
    assert await health(core, clock).check() == 0
    assert await notices(core) == ["shift"]


def test_the_distance_is_that_of_kolmogorov_and_smirnov() -> None:
    rng = np.random.default_rng(1)
    recent, earlier = rng.poisson(12, 80).astype(float), rng.poisson(9, 400).astype(float)
    shift = label_shift(list(recent), list(earlier))
    assert shift is not None
    expected = ks_2samp(recent, earlier, method="asymp")
    assert shift.distance == pytest.approx(expected.statistic)
    assert (shift.distance > shift.bound) == (expected.pvalue < 0.001)


def test_labels_that_do_not_shift_seldom_look_as_if_they_did() -> None:
    rng = np.random.default_rng(1)
    shifted = 0
    for _ in range(500):
        scores = np.floor(np.exp(rng.normal(2, 1.2, 230))).tolist()
        shift = label_shift(scores[:30], scores[30:])
        assert shift is not None
        shifted += shift.is_shifted
    assert shifted <= 3


@given(st.lists(st.integers(-3, 50), max_size=60), st.lists(st.integers(-3, 50), max_size=150))
def test_any_labels_can_be_compared(recent: list[int], earlier: list[int]) -> None:
    shift = label_shift([*map(float, recent)], [*map(float, earlier)])
    if shift is not None:
        assert 0 <= shift.distance <= 1
