import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from trainer.data.targets import Intervals, Ranking, interval_of, soft_bins


def test_a_tie_covers_its_whole_interval() -> None:
    # Four of nine training scores are 0: a further 0 may end anywhere in the lower half.
    found = interval_of(np.array([0.0, 7.0, 100.0]), np.array([0, 0, 0, 0, 1, 2, 3, 4, 5.0]))
    np.testing.assert_allclose(found.low, [0, 0.9, 0.9])
    np.testing.assert_allclose(found.high, [0.5, 1, 1])


def test_soft_bins_by_hand() -> None:
    shares = soft_bins(Intervals(np.array([0.05]), np.array([0.25])))
    np.testing.assert_allclose(shares[0], [0.25, 0.5, 0.25, 0, 0, 0, 0, 0, 0, 0], atol=1e-12)


@given(
    st.lists(st.integers(-5, 5), min_size=1, max_size=60),
    st.lists(st.integers(-9, 9), min_size=1, max_size=20),
)
def test_targets_are_distributions_that_rise_with_the_score(
    reference: list[int], scores: list[int]
) -> None:
    wanted = np.sort(np.array(scores, float))
    found = interval_of(wanted, np.sort(np.array(reference, float)))
    assert (found.low >= 0).all()
    assert (found.high <= 1 + 1e-12).all()
    assert (found.high > found.low).all()
    assert (np.diff(found.middle) >= -1e-12).all()
    np.testing.assert_allclose(soft_bins(found).sum(axis=1), 1)


def test_a_small_community_is_ranked_among_its_platform() -> None:
    scores = np.concatenate([np.arange(40.0), [1000.0, 2000.0]])
    community = np.array([1] * 40 + [2] * 2)
    ranking = Ranking(scores, community, np.array(["reddit"] * 42))
    own = ranking.intervals(np.array([20.0]), np.array([1]), np.array(["reddit"]))
    borrowed = ranking.intervals(np.array([1500.0]), np.array([2]), np.array(["reddit"]))
    assert 0.45 < own.middle[0] < 0.55
    assert borrowed.middle[0] > 0.9
