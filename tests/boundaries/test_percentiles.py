"""Bounds of what is read off a community's scores: whose scores, and where a bucket begins."""

import math

import numpy as np
import pytest

from models.distribution import (
    BINS,
    UNIFORM,
    interval_target,
    mass_below,
    mean_percentile,
    quantile,
)
from models.percentiles import BucketRule, Quantiles, score_interval, tie_interval

JUST_BELOW_A_THIRD, JUST_BELOW_TWO_THIRDS = math.nextafter(1 / 3, 0), math.nextafter(2 / 3, 0)


@pytest.mark.parametrize(
    ("own", "everybody", "source"),
    [
        (0, 0, "none"),
        (0, 29, "none"),
        (0, 30, "platform"),
        (29, 29, "none"),
        (29, 30, "platform"),
        (29, 1000, "platform"),
        (30, 1000, "community"),
        (31, 0, "community"),
    ],
)
def test_thirty_labels_make_quantiles(own: int, everybody: int, source: str) -> None:
    quantiles = Quantiles.of([1.0] * own, [2.0] * everybody)
    assert quantiles.source == source
    count = {"community": own, "platform": everybody, "none": 0}[source]
    assert len(quantiles.scores) == count


@pytest.mark.parametrize(
    ("percentile", "bucket"),
    [
        (0.0, "low"),
        (JUST_BELOW_A_THIRD, "low"),
        (1 / 3, "medium"),
        (0.5, "medium"),
        (JUST_BELOW_TWO_THIRDS, "medium"),
        (2 / 3, "high"),
        (1.0, "high"),
    ],
)
def test_a_tercile_begins_with_its_own_bound(percentile: float, bucket: str) -> None:
    assert BucketRule().bucket(10, percentile) == bucket


@pytest.mark.parametrize("rule", [BucketRule(5, None), BucketRule(None, 5), BucketRule()])
def test_one_missing_threshold_means_terciles(rule: BucketRule) -> None:
    quantiles = Quantiles.of([float(each) for each in range(40)], [])
    assert rule.cuts(quantiles) == (1 / 3, 2 / 3)
    assert rule.probabilities(UNIFORM, quantiles) == pytest.approx((1 / 3, 1 / 3, 1 / 3))
    assert [rule.bucket(3, each) for each in (0.1, 0.5, 0.9)] == ["low", "medium", "high"]


def test_chances_are_what_lies_between_the_cuts() -> None:
    bins = np.array([0.3, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.05, 0.03, 0.02])
    quantiles = Quantiles.of([1.0] * 20 + [3.0] * 10 + [9.0] * 10, [])
    assert BucketRule(1, 3).probabilities(bins, quantiles) == pytest.approx((0.7, 0.225, 0.075))


class _WithoutOne(Quantiles):
    """Quantiles that do not know the score at one percentile."""

    missing: float

    def score_at(self, percentile: float) -> float | None:
        return None if math.isclose(percentile, self.missing) else percentile


@pytest.mark.parametrize("missing", [0.1, 0.5, 0.9])
def test_a_reading_with_one_missing_point_is_none(missing: float) -> None:
    quantiles = _WithoutOne((), "none")
    object.__setattr__(quantiles, "missing", missing)
    assert score_interval(UNIFORM, quantiles) is None
    object.__setattr__(quantiles, "missing", 2.0)
    assert score_interval(UNIFORM, quantiles) == pytest.approx((0.1, 0.5, 0.9))


def test_the_score_interval_holds_eighty_percent() -> None:
    quantiles = Quantiles.of([float(each) for each in range(1001)], [])
    assert score_interval(UNIFORM, quantiles) == pytest.approx((100, 500, 900))


def test_a_score_is_at_most_itself() -> None:
    quantiles = Quantiles.of([float(each) for each in range(100)], [])
    assert quantiles.share_at_most(48.9) == pytest.approx(0.49)
    assert quantiles.share_at_most(49) == pytest.approx(0.5)
    assert quantiles.share_at_most(-1) == 0
    assert quantiles.share_at_most(99) == 1


@pytest.mark.parametrize(
    ("score", "low", "high"),
    [(0, 0, 1 / 5), (1, 0, 2 / 5), (2, 1 / 5, 4 / 5), (3, 3 / 5, 1), (4, 4 / 5, 1)],
)
def test_a_tie_reaches_from_what_scored_less_to_what_scored_no_more(
    score: float, low: float, high: float
) -> None:
    assert tie_interval(score, [1, 2, 2, 3]) == pytest.approx((low, high))


#: No mass in the first two bins, the fifth and the last.
GAPS = np.array([0.0, 0.0, 0.25, 0.25, 0.0, 0.1, 0.1, 0.2, 0.1, 0.0])


@pytest.mark.parametrize(
    ("percentile", "mass"),
    [
        (0.0, 0.0), (0.2, 0.0), (0.25, 0.125), (0.3, 0.25), (0.4, 0.5), (0.45, 0.5), (0.5, 0.5),
        (0.55, 0.55), (0.9, 1.0), (0.95, 1.0), (1.0, 1.0),
    ],
)  # fmt: skip
def test_mass_grows_evenly_inside_a_bin_and_stands_still_in_an_empty_one(
    percentile: float, mass: float
) -> None:
    assert mass_below(GAPS, percentile) == pytest.approx(mass)


@pytest.mark.parametrize(
    ("probability", "percentile"),
    [(0.125, 0.25), (0.25, 0.3), (0.5, 0.4), (0.55, 0.55), (0.6, 0.6), (0.8, 0.75), (1.0, 0.9)],
)
def test_a_quantile_is_the_first_percentile_with_its_mass(
    probability: float, percentile: float
) -> None:
    assert quantile(GAPS, probability) == pytest.approx(percentile)


@pytest.mark.parametrize("number", range(BINS))
def test_the_ends_of_a_sure_bin(number: int) -> None:
    sure = np.eye(BINS)[number]
    assert quantile(sure, 1e-9) == pytest.approx(number / 10, abs=1e-6)
    assert quantile(sure, 1.0) == pytest.approx((number + 1) / 10)


@pytest.mark.parametrize(
    ("probability", "percentile"), [(0.0, 0.0), (-0.1, 0.0), (1.0, 1.0), (1.1, 1.0)]
)
def test_a_probability_beyond_0_and_1_stays_within_the_percentiles(
    probability: float, percentile: float
) -> None:
    assert quantile(UNIFORM, probability) == pytest.approx(percentile)


def test_the_mean_is_that_of_the_middles() -> None:
    bins = np.array([0.5, 0, 0, 0, 0, 0, 0, 0, 0, 0.5])
    assert mean_percentile(bins) == pytest.approx((0.05 + 0.95) / 2)
    assert mean_percentile(np.array([0.9, 0.1, *[0] * 8])) == pytest.approx(0.06)


@pytest.mark.parametrize(
    ("low", "high", "bins"),
    [(0.0, 1.0, [0.1] * 10), (0.0, 0.05, [1, *[0] * 9]), (0.9, 1.0, [*[0] * 9, 1])],
)
def test_a_label_may_reach_both_ends(low: float, high: float, bins: list[float]) -> None:
    assert interval_target(low, high) == pytest.approx(bins)


@pytest.mark.parametrize(
    ("low", "high"), [(-1e-9, 0.5), (0.5, 1 + 1e-9), (0.0, 0.0), (1.0, 1.0), (0.7, 0.2)]
)
def test_a_label_reaches_no_further(low: float, high: float) -> None:
    with pytest.raises(ValueError, match="not a percentile interval"):
        interval_target(low, high)
