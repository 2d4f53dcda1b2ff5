"""How intervals for scores are scored."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.discord.games.score_form import read_score
from bot.discord.ui.error_replies import Refused
from bot.league.duels import chance_of_first
from bot.league.score_guesses import interval_crps, sample_crps

SCORES = st.floats(-1000, 1000)
BINS = st.lists(st.floats(0.01, 1), min_size=10, max_size=10)


@given(SCORES, SCORES, SCORES)
def test_an_interval_is_scored_by_what_crps_means(low: float, width: float, score: float) -> None:
    high = low + abs(width)
    # Equal chances, as a sample of many.
    sample = np.linspace(low, high, 2001).tolist()
    assert interval_crps(low, high, score) == pytest.approx(
        sample_crps(sample, score), abs=abs(width) / 500 + 1e-6
    )


@given(st.lists(SCORES, min_size=1, max_size=20), SCORES)
def test_a_sample_is_scored_by_its_definition(sample: list[float], score: float) -> None:
    values = np.asarray(sample)
    spread = np.mean(np.abs(values[:, None] - values[None, :])) / 2
    expected = np.mean(np.abs(values - score)) - spread
    assert sample_crps(sample, score) == pytest.approx(expected, abs=1e-6)


def test_nobody_gains_by_naming_another_interval_than_they_believe_in() -> None:
    truth = np.linspace(2, 8, 601)
    costs = {
        (low, high): np.mean([interval_crps(low, high, each) for each in truth])
        for low in (0, 1, 2, 3, 4)
        for high in (5, 6, 7, 8, 9, 10)
    }
    assert min(costs, key=lambda each: costs[each]) == (2, 8)


@given(BINS, BINS)
def test_one_of_two_beats_the_other(first: list[float], second: list[float]) -> None:
    one, other = ([each / sum(bins) for each in bins] for bins in (first, second))
    assert chance_of_first(one, other) + chance_of_first(other, one) == pytest.approx(1)
    assert chance_of_first(one, one) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("text", "score"), [("12", 12), (" -3", -3), ("−3", -3), ("2,5", 2.5), ("１２", 12)]
)
def test_a_score_is_read_as_it_is_typed(text: str, score: float) -> None:
    assert read_score(text) == score


@pytest.mark.parametrize("text", ["", "x", "1e9", "nan", "1,2,3", "99999999999", "999999999"])
def test_what_is_no_score_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        read_score(text)
