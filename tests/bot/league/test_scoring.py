import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.league.scoring import base_rates, points, score_prediction
from models.distribution import UNIFORM
from storage.types import Bucket

EVEN = (1 / 3, 1 / 3, 1 / 3)
RATES = st.tuples(*[st.floats(0.01, 1)] * 3).map(
    lambda weights: tuple(weight / sum(weights) for weight in weights)
)
BINS = st.lists(st.floats(0.001, 1), min_size=10, max_size=10).map(
    lambda weights: np.array(weights) / sum(weights)
)
INTERVALS = st.tuples(st.integers(0, 99), st.integers(1, 100)).map(
    lambda ends: (min(ends[0], ends[1] - 1) / 100, max(ends[0] + 1, ends[1]) / 100)
)


def sure_of(bin_number: int) -> np.ndarray:
    bins = np.zeros(10)
    bins[bin_number] = 1
    return bins


def test_a_right_guess_earns_what_it_was_worth() -> None:
    rates = (0.5, 0.3, 0.2)
    assert points(Bucket.LOW, Bucket.LOW, rates) == pytest.approx(1)
    assert points(Bucket.MEDIUM, Bucket.MEDIUM, rates) == pytest.approx(7 / 3)
    assert points(Bucket.HIGH, Bucket.HIGH, rates) == pytest.approx(4)


def test_a_wrong_guess_costs_one_point() -> None:
    assert points(Bucket.LOW, Bucket.HIGH, (0.5, 0.3, 0.2)) == -1


@given(RATES, st.sampled_from(Bucket))
def test_always_guessing_the_same_earns_nothing(
    rates: tuple[float, float, float], guess: Bucket
) -> None:
    expected = sum(
        rate * points(guess, bucket, rates) for bucket, rate in zip(Bucket, rates, strict=True)
    )
    assert expected == pytest.approx(0, abs=1e-9)


@given(RATES, st.lists(st.sampled_from(Bucket), min_size=1))
def test_no_pattern_of_guesses_earns_anything_by_chance(
    rates: tuple[float, float, float], guesses: list[Bucket]
) -> None:
    expected = sum(
        rate * points(guess, bucket, rates)
        for guess in guesses
        for bucket, rate in zip(Bucket, rates, strict=True)
    )
    assert expected == pytest.approx(0, abs=1e-7 * len(guesses))


def test_a_bucket_that_never_happens_cannot_be_guessed() -> None:
    with pytest.raises(ValueError, match="above 0"):
        points(Bucket.HIGH, Bucket.LOW, (0.5, 0.5, 0))


def test_knowing_nothing_scores_as_worked_out_by_hand() -> None:
    scores = score_prediction(UNIFORM, EVEN, (0.0, 0.1), Bucket.LOW)
    assert scores.log == pytest.approx(math.log(10))
    # Cumulative .1, .2, … .9 against 1, nine borders: (.9² + .8² + … + .1²) / 9.
    assert scores.rps == pytest.approx(2.85 / 9)
    # (1/3 − 1)² + 2 · (1/3)²
    assert scores.brier == pytest.approx(2 / 3)


@given(BINS, INTERVALS)
def test_knowing_nothing_is_scored_beside_every_prediction(
    bins: np.ndarray, percentile: tuple[float, float]
) -> None:
    scores = score_prediction(bins, EVEN, percentile, Bucket.LOW)
    nothing = score_prediction(UNIFORM, EVEN, percentile, Bucket.LOW)
    assert (scores.base_log, scores.base_rps) == (nothing.log, nothing.rps)


def test_being_sure_and_right_scores_nothing() -> None:
    scores = score_prediction(sure_of(7), (0.0, 0.0, 1.0), (0.7, 0.8), Bucket.HIGH)
    assert (scores.log, scores.rps, scores.brier) == pytest.approx((0, 0, 0))


def test_being_sure_and_as_wrong_as_can_be_scores_most() -> None:
    scores = score_prediction(sure_of(9), (0.0, 0.0, 1.0), (0.0, 0.1), Bucket.LOW)
    assert scores.rps == pytest.approx(1)
    assert scores.brier == pytest.approx(2)
    assert math.isfinite(scores.log)
    assert scores.log > 30


def test_a_tie_over_everything_is_what_the_uniform_prediction_says() -> None:
    scores = score_prediction(UNIFORM, EVEN, (0.0, 1.0), Bucket.MEDIUM)
    assert scores.rps == pytest.approx(0)
    assert scores.log == pytest.approx(math.log(10))


def test_half_a_tie_counts_half() -> None:
    """The label covers bins 0 and 1 evenly; the prediction says bin 0."""
    scores = score_prediction(sure_of(0), (1.0, 0.0, 0.0), (0.0, 0.2), Bucket.LOW)
    assert scores.rps == pytest.approx(0.25 / 9)


@given(BINS, INTERVALS, st.sampled_from(Bucket))
def test_scores_stay_in_their_ranges(
    bins: np.ndarray, percentile: tuple[float, float], bucket: Bucket
) -> None:
    scores = score_prediction(bins, EVEN, percentile, bucket)
    assert 0 <= scores.rps <= 1
    assert 0 <= scores.brier <= 2
    assert scores.log >= 0


@given(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9))
def test_nearer_is_never_scored_worse(happened: int, one: int, other: int) -> None:
    near, far = sorted((one, other), key=lambda each: abs(each - happened))
    label = (happened / 10, (happened + 1) / 10)
    near_rps = score_prediction(sure_of(near), EVEN, label, Bucket.LOW).rps
    far_rps = score_prediction(sure_of(far), EVEN, label, Bucket.LOW).rps
    assert near_rps <= far_rps + 1e-12


def test_base_rates_begin_with_even_odds() -> None:
    assert base_rates([]) == EVEN
    assert base_rates([Bucket.HIGH] * 3 + [Bucket.LOW]) == (2 / 7, 1 / 7, 4 / 7)


@given(st.lists(st.sampled_from(Bucket)))
def test_every_bucket_has_a_base_rate_that_is_neither_none_nor_all(recent: list[Bucket]) -> None:
    rates = base_rates(recent)
    assert sum(rates) == pytest.approx(1)
    assert all(0 < rate < 1 for rate in rates)
    assert all((points(guess, Bucket.LOW, rates) > 0) == (guess is Bucket.LOW) for guess in Bucket)


@given(st.integers(0, 200), st.floats(0.01, 0.99))
def test_what_an_estimated_base_rate_gives_away_is_at_most_two_points_in_n_guesses(
    n: int, rate: float
) -> None:
    """Over every number of times that the bucket may have happened among n labels."""
    gained = 0.0
    for seen in range(n + 1):
        chance = math.comb(n, seen) * rate**seen * (1 - rate) ** (n - seen)
        rates = base_rates([Bucket.LOW] * seen + [Bucket.HIGH] * (n - seen))
        right = points(Bucket.LOW, Bucket.LOW, rates)
        wrong = points(Bucket.LOW, Bucket.HIGH, rates)
        gained += chance * (rate * right + (1 - rate) * wrong)
    missed = (1 - rate) ** (n + 1)
    assert gained == pytest.approx((n + 3) / (n + 1) * (1 - missed) - 1, abs=1e-9)
    assert gained <= 2 / (n + 1) + 1e-9


@given(RATES, st.sampled_from(Bucket), st.integers(0, 2**32 - 1))
def test_always_guessing_the_same_bucket_earns_about_nothing(
    rates: tuple[float, float, float], guess: Bucket, seed: int
) -> None:
    """Base rates worked out on the way from what was seen, as the league does it."""
    draw = np.random.default_rng(seed)
    buckets = draw.choice(list(Bucket), size=600, p=rates)
    seen = np.ones(3)
    earned = []
    for bucket in buckets:
        earned.append(points(guess, Bucket(bucket), tuple(seen / seen.sum())))
        seen[list(Bucket).index(Bucket(bucket))] += 1
    total, spread = sum(earned), math.sqrt(600) * float(np.std(earned))
    # A tail of 1 in 10^6 on either side of a distribution with a long one.
    assert abs(total) <= 6 * spread + 30
