import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as sklearn

from trainer.evaluation import metrics

RNG = np.random.default_rng(11)
N = 300
ACTUAL = RNG.integers(0, 3, N)
PROBABILITIES = RNG.dirichlet([1, 1, 1], N)
PREDICTED = PROBABILITIES.argmax(axis=1)
TIED = np.round(RNG.normal(size=N), 1)
SCORE = np.round(RNG.lognormal(3, 2, N))


def test_class_report_is_scikit_learns() -> None:
    table = metrics.confusion(PREDICTED, ACTUAL, 3)
    np.testing.assert_array_equal(table, sklearn.confusion_matrix(ACTUAL, PREDICTED))
    report = metrics.class_report(table)
    p, r, f, n = sklearn.precision_recall_fscore_support(ACTUAL, PREDICTED)
    np.testing.assert_allclose(report.precision, p)
    np.testing.assert_allclose(report.recall, r)
    np.testing.assert_allclose(report.f1, f)
    np.testing.assert_array_equal(report.support, n)
    assert report.macro_f1 == pytest.approx(sklearn.f1_score(ACTUAL, PREDICTED, average="macro"))


def test_macro_f1_leaves_out_classes_that_neither_side_knows() -> None:
    actual, predicted = np.array([0, 0, 2]), np.array([0, 2, 2])
    ours = metrics.class_report(metrics.confusion(predicted, actual, 3)).macro_f1
    assert ours == pytest.approx(sklearn.f1_score(actual, predicted, average="macro"))


def test_spearman_is_scipys_with_ties() -> None:
    assert metrics.spearman(TIED, SCORE) == pytest.approx(stats.spearmanr(TIED, SCORE)[0])


def test_a_constant_has_no_correlation() -> None:
    assert metrics.spearman(np.ones(5), np.arange(5.0)) == 0


def test_areas_are_scikit_learns_with_ties() -> None:
    positive = np.quantile(SCORE, 0.9) < SCORE
    assert metrics.area_under_curve(TIED, positive) == pytest.approx(
        sklearn.roc_auc_score(positive, TIED)
    )
    assert metrics.average_precision(TIED, positive) == pytest.approx(
        sklearn.average_precision_score(positive, TIED)
    )


def test_pair_accuracy_by_hand() -> None:
    # Pairs of community 0 with different scores: (a, b) right, (a, c) right, (b, c) wrong.
    predicted = np.array([0.1, 0.9, 0.5, 0.0])
    score = np.array([1.0, 2.0, 3.0, 9.0])
    community = np.array([0, 0, 0, 1])
    assert metrics.pair_accuracy(predicted, score, community) == pytest.approx(2 / 3)
    assert metrics.pair_accuracy(np.zeros(4), score, community) == 0.5
    # No two scores differ: nothing to tell.
    assert np.isnan(metrics.pair_accuracy(predicted, np.ones(4), community))


def test_pair_accuracy_without_ties_is_kendalls_tau() -> None:
    a, b = RNG.normal(size=80), RNG.normal(size=80)
    tau = stats.kendalltau(a, b)[0]
    assert metrics.pair_accuracy(a, b, np.zeros(80, int)) == pytest.approx((tau + 1) / 2)


def test_calibration_error_by_hand() -> None:
    # Confidence 0.6, twice, right once: gap 0.1. Confidence 0.9, right: gap 0.1.
    probabilities = np.array([[0.6, 0.4], [0.6, 0.4], [0.1, 0.9]])
    curve = metrics.calibration_curve(probabilities, np.array([0, 1, 1]))
    assert curve.error == pytest.approx(0.1)
    np.testing.assert_array_equal(curve.count, [2, 1])


def test_guessing_the_mean_of_ten_bins_loses_4_125() -> None:
    assert metrics.ordinal_loss(np.full(10, 4.5), np.arange(10)) == pytest.approx(4.125)


def test_true_probabilities_are_off_by_chance_and_less_with_more_posts() -> None:
    rng = np.random.default_rng(1)
    few, many = (rng.dirichlet((2.0, 2.0, 2.0), n) for n in (200, 5000))
    small = metrics.calibration_error_by_chance(many, np.random.default_rng(2))
    assert 0 < small < 0.02
    assert metrics.calibration_error_by_chance(few, np.random.default_rng(2)) > 2 * small
    sure = np.tile([1.0, 0.0, 0.0], (50, 1))
    assert metrics.calibration_error_by_chance(sure, np.random.default_rng(2)) == 0
