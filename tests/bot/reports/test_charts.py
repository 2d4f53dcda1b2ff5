import pytest
from sqlalchemy import update

from bot.core import Core
from bot.reports import charts
from bot.reports.charts import ChartFailed, stats_chart
from bot.reports.stats import read_stats
from storage.tables import ModelVersion
from tests.bot.reports.daily_sums import day_of, labels, scores
from tests.fakes.clock import FakeClock


@pytest.mark.usefixtures("post")
async def test_a_chart_is_a_png_of_what_there_is(core: Core, clock: FakeClock) -> None:
    async with core.database.write() as session:
        await session.execute(
            update(ModelVersion).where(ModelVersion.id == 100).values(name="v-✓ $1_{$")
        )
        session.add_all([scores(day_of(n)) for n in (0, 1, 9)] + [labels(day_of(2))])
    async with core.database.read() as session:
        stats = await read_stats(session, community_id=None, days=30, now=clock())
    assert (await stats_chart(stats)).startswith(b"\x89PNG")


async def test_a_chart_that_takes_too_long_is_given_up(
    core: Core, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(charts, "_SECONDS", 0.0)
    async with core.database.read() as session:
        stats = await read_stats(session, community_id=None, days=30, now=clock())
    with pytest.raises(ChartFailed, match="not drawn within 0 seconds"):
        await stats_chart(stats)


async def test_a_chart_that_cannot_be_drawn_is_a_sentence(
    core: Core, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(charts, "asdict", lambda _: {"versions": 7})
    async with core.database.read() as session:
        stats = await read_stats(session, community_id=None, days=30, now=clock())
    with pytest.raises(ChartFailed, match="could not be drawn"):
        await stats_chart(stats)
