from datetime import timedelta

import pytest

from bot.serving.second_look import SecondLook, read_second_looks
from models.percentiles import MIN_LABELS
from storage.engine.database import Database
from storage.tables import Author, Community, Label, Nowcast, Post
from tests.fixtures.rows import LATER, MOMENT, row


async def looks(database: Database, *, labels: int, median: float) -> dict[int, SecondLook]:
    """A post heading for ``median`` among others that ended with 0, 1, 2, …"""
    async with database.write() as session:
        session.add_all([row(Community), row(Author)])
        await session.flush()
        session.add(row(Post))
        session.add_all([row(Post, id=100 + n, source_id=f"o{n}") for n in range(labels)])
        await session.flush()
        session.add_all([row(Label, post_id=100 + n, score=float(n)) for n in range(labels)])
        session.add(
            Nowcast(
                post_id=1, reading=600, made_at=MOMENT, score_p10=median - 1, score_median=median,
                score_p90=median + 1,
            )
        )  # fmt: skip
    async with database.read() as session:
        community = await session.get_one(Community, 1)
        return await session.run_sync(
            read_second_looks, community, [1, 100], now=LATER + timedelta(hours=1)
        )


@pytest.mark.parametrize(
    ("median", "beats"), [(-5, 1 / 200), (49.6, 51 / 100.99), (1e6, 199 / 200)]
)
async def test_a_second_look_is_read_through_the_communitys_scores(
    database: Database, median: float, beats: float
) -> None:
    found = await looks(database, labels=100, median=median)
    assert set(found) == {1}
    assert found[1].beats == pytest.approx(beats, abs=0.006)


async def test_few_labels_say_nothing_of_what_it_beats(database: Database) -> None:
    found = await looks(database, labels=MIN_LABELS - 1, median=5)
    assert (found[1].median, found[1].beats) == (5, None)


async def test_without_a_second_look_nothing_is_read(database: Database) -> None:
    async with database.write() as session:
        session.add(row(Community))
    async with database.read() as session:
        community = await session.get_one(Community, 1)
        assert await session.run_sync(read_second_looks, community, [1], now=LATER) == {}
