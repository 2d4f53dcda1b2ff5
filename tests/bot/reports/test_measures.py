"""Measures of popularity: summaries, correlations as the textbook has them, histograms."""

from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import pearsonr, spearmanr
from sqlalchemy import text, true

from bot.core import Core
from bot.reports.measures import correlate, read_measures, summarise
from bot.reports.measures_plot import draw_histogram
from storage.tables import Community, PostMeasures
from storage.types import Measure
from tests.fixtures.labelled_looks import store_labelled_looks
from tests.fixtures.rows import MOMENT

_COUNTS = st.lists(st.integers(-3, 50), min_size=12, max_size=40)


@given(_COUNTS, st.randoms(use_true_random=False))
def test_correlations_are_those_of_the_textbook(first: list[int], random: object) -> None:
    second = [each * 2 + random.randint(0, 30) for each in first]  # type: ignore[attr-defined]
    columns = {"score": np.array(first, float), "comments": np.array(second, float)}
    (found,) = correlate(columns)
    if len(set(first)) == 1 or len(set(second)) == 1:
        assert found.pearson is None
        return
    assert found.pearson == pytest.approx(pearsonr(first, second).statistic)
    assert found.spearman == pytest.approx(spearmanr(first, second).statistic)
    assert found.interval is not None
    assert found.interval[0] <= found.spearman <= found.interval[1]


@given(st.lists(st.floats(-1e3, 1e9), min_size=1, max_size=50))
def test_every_post_is_in_one_bar(values: list[float]) -> None:
    found = summarise("score", np.array(values))
    assert sum(bar.posts for bar in found.bars) == len(values)
    assert len(found.bars) <= 18
    ElementTree.fromstring(draw_histogram(found))  # noqa: S314 - our own


def test_what_no_post_has_is_told_in_words() -> None:
    drawn = draw_histogram(summarise("guesses", np.zeros(9)))
    assert "<rect" not in drawn
    assert "0 or less for every post" in drawn
    assert "<rect" in draw_histogram(summarise("guesses", np.array([0.0, 1.0])))


def test_ratios_have_bars_of_equal_width() -> None:
    found = summarise("upvote_ratio", np.array([0.0, 0.05, 0.55, 1.0, np.nan]))
    assert [bar.posts for bar in found.bars] == [2, 0, 0, 0, 0, 1, 0, 0, 0, 1]
    assert (found.posts, found.most) == (4, 1.0)
    assert "0% to 10%" in draw_histogram(found)


async def test_measures_of_a_community(core: Core) -> None:
    here = await store_labelled_looks(core.database, 12)
    async with core.database.write() as session:
        posts = await session.run_sync(
            lambda sync: [row.post_id for row in sync.execute(_LABELLED)]
        )
        for number, post_id in enumerate(posts):
            session.add(
                PostMeasures(
                    post_id=post_id, community_id=here, taken_at=MOMENT, score=float(number),
                    comments=2 * number, upvote_ratio=0.9, guesses=0, reactors=None, views=None,
                )
            )  # fmt: skip
    async with core.database.read() as session:
        community = await session.get_one(Community, here)
        found = await read_measures(session, community, true())
    assert (found.labels, found.judged_by) == (12, Measure.SCORE)
    names = [each.name for each in found.summaries]
    assert names == ["score", "comments", "upvote_ratio", "guesses"]
    score = found.summaries[0]
    assert (score.mean, score.most) == (5.5, 11.0)
    assert score.deviation == pytest.approx(np.arange(12).std(ddof=1))
    pairs = {(each.first, each.second): each for each in found.correlations}
    assert pairs["score", "comments"].spearman == pytest.approx(1.0)
    assert pairs["score", "upvote_ratio"].pearson is None
    assert len(found.best) == len(found.worst) == 5
    assert found.best[0].score > found.worst[0].score


_LABELLED = text("SELECT post_id FROM labels ORDER BY post_id")
