from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.serving.phrases import duration, label_sentence, percent, standing_sentence
from storage.types import Bucket


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "under a minute"),
        (0, "under a minute"),
        (59.9, "under a minute"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (3660, "1 h 1 min"),
        (86399, "23 h 59 min"),
        (86400, "1 day"),
        (3 * 86400, "3 days"),
    ],
)
def test_a_length_of_time(seconds: float, words: str) -> None:
    assert duration(timedelta(seconds=seconds)) == words


@given(st.floats(0, 1))
def test_a_forecast_is_never_certain_unless_it_is(share: float) -> None:
    words = percent(share)
    assert (words == "0%") == (share == 0)
    assert (words == "100%") == (share == 1)


def test_a_label_that_ties_with_everything_beats_nothing() -> None:
    assert "no other score" in standing_sentence(0, 1, "Main Street")


def test_a_label_stands_in_the_middle_of_its_tie() -> None:
    sentence = standing_sentence(0.6, 0.8, "Main Street")
    assert sentence == "That beats 70% of the recent posts in Main Street."


def test_a_label_without_a_prediction() -> None:
    assert label_sentence(Bucket.HIGH, 1234.4) == "Was high, score 1,234."
