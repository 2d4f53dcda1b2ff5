import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sklearn

from models import metrics

RNG = np.random.default_rng(11)
N = 300
ACTUAL = RNG.integers(0, 3, N)
ONE_HOT = np.eye(3)[ACTUAL]
PROBABILITIES = RNG.dirichlet([1, 1, 1], N)


def test_log_loss_is_scikit_learns() -> None:
    ours = metrics.log_losses(PROBABILITIES, ONE_HOT).mean()
    assert ours == pytest.approx(sklearn.log_loss(ACTUAL, PROBABILITIES))


def test_brier_score_is_the_squared_distance() -> None:
    ours = metrics.brier_scores(PROBABILITIES, ONE_HOT).mean()
    by_class = [
        sklearn.brier_score_loss(k == ACTUAL, PROBABILITIES[:, k], scale_by_half=True)
        for k in range(3)
    ]
    assert ours == pytest.approx(sum(by_class))


def test_ranked_probability_score_by_hand() -> None:
    # Cumulative 0.2, 0.7 against 0, 1: (0.04 + 0.09) / 2.
    ours = metrics.ranked_probability_scores(np.array([[0.2, 0.5, 0.3]]), np.array([[0.0, 1, 0]]))
    assert ours[0] == pytest.approx((0.2**2 + 0.3**2) / 2)


def test_ranked_probability_score_is_the_mean_brier_score_of_the_borders() -> None:
    ours = metrics.ranked_probability_scores(PROBABILITIES, ONE_HOT).mean()
    below = np.cumsum(PROBABILITIES, axis=1)
    by_border = [sklearn.brier_score_loss(k >= ACTUAL, below[:, k]) for k in range(2)]
    assert ours == pytest.approx(np.mean(by_border))


@given(st.lists(st.floats(0.001, 1), min_size=10, max_size=10))
def test_the_right_distribution_is_never_beaten_on_average(weights: list[float]) -> None:
    truth = np.array([weights]) / sum(weights)
    other = np.full((1, 10), 0.1)
    for score in (metrics.log_losses, metrics.ranked_probability_scores):
        expected = score(truth.repeat(10, axis=0), np.eye(10)) @ truth[0]
        assert expected <= score(other.repeat(10, axis=0), np.eye(10)) @ truth[0] + 1e-12


@given(
    st.lists(st.tuples(st.booleans(), st.integers(-4, 4)), min_size=1, max_size=40).filter(
        lambda rows: any(is_positive for is_positive, _ in rows)
    )
)
def test_average_precision_is_scikit_learns_with_ties_too(rows: list[tuple[bool, int]]) -> None:
    is_positive = np.array([each for each, _ in rows])
    ranks = np.array([each for _, each in rows], np.float64)
    expected = sklearn.average_precision_score(is_positive, ranks)
    assert metrics.average_precision(is_positive, ranks) == pytest.approx(expected)


def test_without_a_positive_there_is_no_average_precision() -> None:
    assert metrics.average_precision(np.zeros(3, bool), np.arange(3.0)) is None
