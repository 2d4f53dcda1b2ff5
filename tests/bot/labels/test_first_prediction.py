import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.labels.first_prediction import MIN_POSTS, full_change, moved, trust
from models.growth_curves import FinalScore

points = st.lists(st.floats(-20, 20), min_size=3, max_size=3).map(sorted)
scores = points.map(lambda found: FinalScore(*found))

USUAL = FinalScore(1, 3, 5)


@given(looked=scores, usual=scores)
def test_a_usual_score_changes_nothing(looked: FinalScore, usual: FinalScore) -> None:
    assert full_change(looked, usual, usual) == pytest.approx(0, abs=1e-9)


def test_what_is_said_surely_changes_more() -> None:
    looked = FinalScore(2, 3, 4)
    sure, vague = FinalScore(4.5, 5, 5.5), FinalScore(3, 5, 7)
    assert 0 < full_change(looked, vague, USUAL) < full_change(looked, sure, USUAL)
    # Readings that say little are changed more.
    assert full_change(FinalScore(0, 3, 6), sure, USUAL) > full_change(looked, sure, USUAL)


def test_two_that_say_the_same_meet_in_the_middle() -> None:
    """Where the usual score says next to nothing: the mean of equally sure ones."""
    nothing = FinalScore(-1e4, 0, 1e4)
    change = full_change(FinalScore(2, 3, 4), FinalScore(4, 5, 6), nothing)
    assert change == pytest.approx(1, abs=1e-3)


@given(looked=scores, first=scores, usual=scores)
def test_the_change_is_a_number_and_keeps_the_interval(
    looked: FinalScore, first: FinalScore, usual: FinalScore
) -> None:
    change = full_change(looked, first, usual)
    found = moved(looked, change)
    assert np.isfinite(change)
    assert found.low <= found.median <= found.high


def posts(n: int, slope: float, seed: int = 5) -> tuple[list[float], list[float]]:
    draw = np.random.default_rng(seed)
    changes = draw.normal(0.3, 0.5, n)
    return list(changes), list(0.7 + slope * changes + draw.normal(0, 0.1, n))


def test_a_community_trusts_as_far_as_its_posts_say() -> None:
    assert trust(*posts(400, 0.5)) == pytest.approx(0.48, abs=0.03)
    assert trust(*posts(400, 3.0)) == 1
    assert trust(*posts(400, -0.5)) == 0
    assert trust(*posts(400, 0.0)) == pytest.approx(0, abs=0.03)


def test_few_posts_show_nothing() -> None:
    assert trust(*posts(MIN_POSTS - 1, 1.0)) == 0
    assert trust([], []) == 0


def test_predictions_that_never_change_anything_show_nothing() -> None:
    assert trust([0.0] * MIN_POSTS, [1.0] * MIN_POSTS) == 0
