"""Folds by time: nothing judged was fitted on, by either side, nor was a picture like it."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.trainer.example_posts import learnable
from trainer.evaluation.cross_fit import ENOUGH, FOLDS, cross_fit, judging_folds, plan
from trainer.head.recipe import Recipe

QUICK = Recipe(members=1, max_epochs=4, embedding_directions=8, text_directions=8)
HOURS = np.arange(10) * 3600.0
NONE_SEEN = np.zeros(10, bool)


def test_by_hand_ten_posts_are_five_stretches_of_two() -> None:
    folds = judging_folds(HOURS, np.arange(10), seen=NONE_SEEN)
    assert [fold.judge.tolist() for fold in folds] == [[0, 1], [2, 3], [4, 5], [6, 7], [8, 9]]
    assert folds[1].fit.tolist() == [0, 1, 4, 5, 6, 7, 8, 9]


def test_by_hand_what_the_champion_saw_is_fitted_on_and_never_judged() -> None:
    groups = np.arange(10)
    groups[9] = groups[0]
    folds = judging_folds(HOURS, groups, seen=HOURS < 5 * 3600)
    assert sorted(np.concatenate([fold.judge for fold in folds]).tolist()) == [5, 6, 7, 8]
    assert all({0, 1, 2, 3, 4, 9} <= set(fold.fit.tolist()) for fold in folds)


def test_pictures_that_are_all_alike_leave_nothing_to_judge_by() -> None:
    assert judging_folds(HOURS, np.zeros(10, np.int64), seen=NONE_SEEN) == []


def test_of_very_many_the_newest_fifth_is_judged_by_what_came_before() -> None:
    n = ENOUGH + 5
    (fold,) = judging_folds(np.arange(n) * 1.0, np.arange(n), seen=np.zeros(n, bool))
    assert fold.fit.max() < fold.judge.min()
    assert len(fold.judge) == n // 5
    (asked,) = judging_folds(HOURS, np.arange(10), seen=NONE_SEEN, newest_only=True)
    assert asked.judge.tolist() == [8, 9]


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(0, 8)), min_size=2, max_size=60),
    st.integers(0, 50),
)
def test_nothing_straddles(made: list[tuple[int, int]], cut_off: int) -> None:
    posted_at: NDArray[np.float64] = np.array([at for at, _ in made], np.float64)
    groups = np.array([group for _, group in made])
    seen = posted_at < cut_off
    folds = judging_folds(posted_at, groups, seen=seen)
    assert len(folds) <= FOLDS
    judged = np.concatenate([np.empty(0, int), *(fold.judge for fold in folds)])
    assert len(set(judged.tolist())) == len(judged)
    assert not np.isin(groups[judged], groups[seen]).any()
    for fold in folds:
        assert not np.isin(groups[fold.fit], groups[fold.judge]).any()
        assert len(fold.fit) + len(fold.judge) == len(made)
        assert (np.diff(posted_at[fold.judge]) >= 0).all()


def test_predictions_come_in_the_order_of_posting_and_know_nothing_of_their_own_labels() -> None:
    posts = learnable(150)
    folds = judging_folds(posts.posted_at, np.arange(150), seen=np.zeros(150, bool))
    planned = plan(posts, QUICK, seed=1)
    found = cross_fit(posts, folds, planned, seed=1)
    assert found.rows.tolist() == list(range(150))
    np.testing.assert_allclose(found.bins.sum(axis=1), 1)
    changed = learnable(150)
    last = folds[-1].judge
    # Other labels for the judged posts alone: their predictions stay as they were.
    changed.score = posts.score.copy()
    changed.score[last] = posts.score[last][::-1]
    alone = cross_fit(posts, folds[-1:], planned, seed=1)
    again = cross_fit(changed, folds[-1:], planned, seed=1)
    np.testing.assert_array_equal(again.bins, alone.bins)
    assert alone.temperature == planned.temperature
    # With other folds beside it nothing but the temperature is another: that of their posts.
    factors = (
        np.log(found.bins[last] / found.bins[last][:, :1])[:, 1:]
        / (np.log(alone.bins / alone.bins[:, :1])[:, 1:])
    )
    np.testing.assert_allclose(factors, factors[0, 0], rtol=1e-6)
