"""What communities are judged by: what a label is of, and that percentiles mix no measures."""

from datetime import timedelta
from typing import Any

import pytest

from bot.labels.measures import MeasureRefused, judge_by, measured
from bot.labels.write import seen_before, windows_of
from bot.platform import ScoreRead
from bot.serving.score_scale import read_quantiles
from models.facts import labelled_facts
from storage.engine.database import Database
from storage.queries.labels import by_its_measure
from storage.queries.waiting_scores import different_scores
from storage.tables import Community, Label, Post, PostImage, PostMeasures, WaitingScore
from storage.types import Measure, PlatformName, PostState
from tests.fixtures.rows import LATER, MOMENT, one_post, row


@pytest.fixture
async def stored(database: Database) -> Database:
    """A community judged by comments: two labels by it, and three by score from before."""
    async with database.write() as session:
        for each in one_post():
            if isinstance(each, Community):
                each.measure = Measure.COMMENTS
            if isinstance(each, PostImage):
                each.image_id = 1
            session.add(each)
            await session.flush()
        for number in range(1, 6):
            if number > 1:
                session.add(row(Post, id=number, source_id=f"p{number}"))
                await session.flush()
                session.add(row(PostImage, post_id=number, image_id=1))
            measure = Measure.COMMENTS if number <= 2 else Measure.SCORE
            session.add(
                row(
                    Label, post_id=number, score=float(number), measure=measure,
                    written_at=LATER + timedelta(microseconds=number),
                )
            )  # fmt: skip
    return database


async def test_percentiles_never_mix_measures(stored: Database) -> None:
    async with stored.read() as session:
        community = await session.get_one(Community, 1)
        windows = await session.run_sync(windows_of, community, [LATER])
        seen = seen_before(windows, LATER)
        assert {each.score for each in seen} == {1.0, 2.0}
        assert await session.run_sync(different_scores, 1, limit=100) == 2
        trained = [each.post_id async for each in labelled_facts(session)]
        assert sorted(trained) == [1, 2]
        quantiles = await session.run_sync(read_quantiles, community, before=LATER)
        assert quantiles.source == "none"


async def judge(database: Database, measure: Measure, **changes: Any) -> bool:
    async with database.write() as session:
        community = await session.get_one(Community, 1)
        for name, value in changes.items():
            setattr(community, name, value)
        return await session.run_sync(judge_by, community, measure)


async def test_what_a_platform_does_not_tell_is_refused(stored: Database) -> None:
    with pytest.raises(MeasureRefused, match="score or comments"):
        await judge(stored, Measure.FAVOURITES)
    assert not await judge(stored, Measure.COMMENTS)
    assert await judge(stored, Measure.SCORE)
    async with stored.read() as session:
        labels = await session.run_sync(
            lambda sync: sync.query(Label.post_id).filter(by_its_measure()).all()
        )
    assert sorted(each.post_id for each in labels) == [3, 4, 5]


async def test_scores_that_wait_are_of_the_new_measure(stored: Database) -> None:
    async with stored.write() as session:
        for number in (7, 8):
            session.add(
                row(
                    Post, id=number, source_id=f"p{number}", state=PostState.AWAITING_SCORE,
                    predicted_at=MOMENT, due_at=None,
                )
            )  # fmt: skip
            await session.flush()
            session.add(WaitingScore(post_id=number, community_id=1, score=3, matured_at=LATER))
            session.add(
                PostMeasures(
                    post_id=number, community_id=1, taken_at=LATER, score=40.0,
                    comments=3, guesses=0,
                )
            )  # fmt: skip
        await session.flush()
        await session.delete(await session.get_one(PostMeasures, 8))
    await judge(stored, Measure.SCORE)
    async with stored.read() as session:
        assert (await session.get_one(WaitingScore, 7)).score == 40.0
        # What was never measured by it gets no label.
        assert await session.get(WaitingScore, 8) is None
        assert (await session.get_one(Post, 8)).state is PostState.REFUSED


def test_each_measure_is_read() -> None:
    read = ScoreRead(5, LATER, comments=7, reactors=9)
    assert [measured(read, each) for each in Measure] == [5, 7, 9]
    assert measured(ScoreRead(5, LATER), Measure.COMMENTS) is None


def test_every_platform_tells_the_score() -> None:
    from bot.labels.measures import TOLD

    assert TOLD.keys() == set(PlatformName)
    assert all(Measure.SCORE in each for each in TOLD.values())
