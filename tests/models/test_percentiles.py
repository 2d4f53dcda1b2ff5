import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.distribution import BINS, UNIFORM
from models.percentiles import MIN_LABELS, BucketRule, Quantiles, score_interval, tie_interval

SCORES = st.lists(st.integers(-50, 50).map(float), max_size=60)
ENOUGH = st.lists(st.integers(-500, 5000).map(float), min_size=MIN_LABELS, max_size=80)
DISTRIBUTIONS = (
    st.lists(st.floats(0, 1), min_size=BINS, max_size=BINS)
    .filter(lambda weights: sum(weights) > 0.01)
    .map(lambda weights: np.array(weights) / sum(weights))
)
RULES = st.just(BucketRule()) | st.tuples(st.integers(-99, 99), st.integers(1, 999)).map(
    lambda pair: BucketRule(pair[0], pair[0] + pair[1])
)


@given(SCORES, st.integers(-60, 60))
def test_a_score_covers_what_it_ties_with(recent: list[float], score: int) -> None:
    low, high = tie_interval(score, sorted(recent))
    assert 0 <= low < high <= 1
    count = len(recent) + 1
    assert low * count == pytest.approx(sum(each < score for each in recent))
    assert high * count == pytest.approx(sum(each <= score for each in recent) + 1)


@given(SCORES, st.integers(-60, 60), st.integers(-60, 60))
def test_a_higher_score_never_stands_lower(recent: list[float], one: int, other: int) -> None:
    small, large = sorted((one, other))
    lower, higher = tie_interval(small, sorted(recent)), tie_interval(large, sorted(recent))
    assert lower[0] <= higher[0]
    assert lower[1] <= higher[1]


@given(SCORES.filter(bool))
def test_the_intervals_of_a_window_cover_all_of_it_once(scores: list[float]) -> None:
    """Each score among the others: the distinct ones lie side by side from 0 to 1."""
    intervals = sorted(
        {tie_interval(each, sorted(_without(scores, each))) for each in scores}
    )  # fmt: skip
    assert intervals[0][0] == 0
    assert intervals[-1][1] == 1
    for before, after in itertools.pairwise(intervals):
        assert before[1] == pytest.approx(after[0])


def _without(scores: list[float], one: float) -> list[float]:
    rest = [*scores]
    rest.remove(one)
    return rest


def test_the_first_label_covers_everything() -> None:
    assert tie_interval(7, []) == (0, 1)


def test_a_tie_of_many_is_wide() -> None:
    assert tie_interval(0, [0.0] * 8 + [5.0]) == (0, pytest.approx(0.9))


def test_whose_quantiles_are_read() -> None:
    few, many = [1.0] * (MIN_LABELS - 1), [2.0] * MIN_LABELS
    assert Quantiles.of(many, few).source == "community"
    assert Quantiles.of(few, many) == Quantiles(tuple(many), "platform")
    assert Quantiles.of(few, few) == Quantiles((), "none")


def test_scores_are_read_off_in_order_whatever_order_they_came_in() -> None:
    quantiles = Quantiles.of([float(each) for each in range(100, -1, -1)], [])
    assert quantiles.score_at(0) == 0
    assert quantiles.score_at(0.5) == 50
    assert quantiles.score_at(1) == 100
    assert quantiles.share_at_most(49) == pytest.approx(50 / 101)


@given(ENOUGH, st.floats(0, 1))
def test_a_score_is_read_off_as_by_numpy(scores: list[float], percentile: float) -> None:
    found = Quantiles.of(scores, ()).score_at(percentile)
    assert found == np.quantile(sorted(scores), percentile)


def test_nothing_is_read_off_nothing() -> None:
    nothing = Quantiles((), "none")
    assert nothing.score_at(0.5) is None
    assert nothing.share_at_most(3) == 0.5
    assert score_interval(UNIFORM, nothing) is None


@given(DISTRIBUTIONS, ENOUGH)
def test_the_expected_score_lies_in_its_interval(bins: np.ndarray, scores: list[float]) -> None:
    interval = score_interval(bins, Quantiles.of(scores, []))
    assert interval is not None
    low, median, high = interval
    assert min(scores) <= low <= median <= high <= max(scores)


@given(DISTRIBUTIONS, RULES, SCORES | ENOUGH)
def test_three_chances_sum_to_one(bins: np.ndarray, rule: BucketRule, scores: list[float]) -> None:
    chances = rule.probabilities(bins, Quantiles.of(scores, []))
    assert sum(chances) == pytest.approx(1)
    # What the database accepts: no chance below 0, not even by rounding.
    assert min(chances) >= 0
    assert max(chances) <= 1


def test_terciles_are_even_for_whoever_knows_nothing() -> None:
    assert BucketRule().probabilities(UNIFORM, Quantiles((), "none")) == pytest.approx(
        (1 / 3, 1 / 3, 1 / 3)
    )


@given(st.floats(0, 1), st.integers(-9999, 9999))
def test_terciles_look_at_the_percentile_only(percentile: float, score: int) -> None:
    expected = "low" if percentile < 1 / 3 else "medium" if percentile < 2 / 3 else "high"
    assert BucketRule().bucket(score, percentile) == expected


@pytest.mark.parametrize(
    ("score", "bucket"),
    [(0, "low"), (2000, "low"), (2001, "medium"), (20_000, "medium"), (20_001, "high")],
)
def test_fixed_thresholds_look_at_the_score_only(score: int, bucket: str) -> None:
    rule = BucketRule(2000, 20_000)
    assert {rule.bucket(score, percentile) for percentile in (0, 0.5, 1)} == {bucket}


def test_fixed_thresholds_are_read_through_the_quantiles() -> None:
    quantiles = Quantiles.of([1000.0] * 20 + [3000.0] * 10 + [50_000.0] * 10, [])
    rule = BucketRule(2000, 20_000)
    assert rule.cuts(quantiles) == (0.5, 0.75)
    assert rule.probabilities(UNIFORM, quantiles) == pytest.approx((0.5, 0.25, 0.25))
