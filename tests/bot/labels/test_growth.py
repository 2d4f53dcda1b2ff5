import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.labels.growth import Growth, adapted, as_prior, fit_growth, no_growth
from models.growth_curves import FinalScore

SCORES = st.integers(-1000, 1_000_000)


def grown(n: int, *, offset: float, slope: float, noise: float, seed: int = 1) -> tuple:
    draw = np.random.default_rng(seed)
    x = draw.uniform(1, 8, n)
    return np.sinh(x), np.sinh(offset + slope * x + draw.normal(0, noise, n))


def learned(n: int, prior: Growth | None = None, **curve: float) -> Growth:
    return fit_growth(*grown(n, **curve), prior or no_growth())  # type: ignore[arg-type]


def test_before_anything_was_seen_a_score_stays_as_it_is() -> None:
    heading = no_growth().heading(100)
    assert heading.median == pytest.approx(100)
    assert heading.low < 100 < heading.high


def test_growth_that_is_log_linear_is_found() -> None:
    growth = learned(2000, offset=1.2, slope=0.9, noise=0.3)
    assert growth.line == pytest.approx([1.2, 0.9], abs=0.05)
    assert math.sqrt(growth.variance) == pytest.approx(0.3, abs=0.02)
    assert growth.n == 2000


def test_many_posts_say_what_least_squares_says() -> None:
    early, final = grown(500, offset=0.5, slope=1.1, noise=0.2)
    slope, offset = np.polyfit(np.arcsinh(early), np.arcsinh(final), 1)
    assert learned(500, offset=0.5, slope=1.1, noise=0.2).line == pytest.approx(
        [offset, slope], abs=0.02
    )


@pytest.mark.parametrize("noise", [0.1, 0.5, 1.0])
def test_eight_in_ten_outcomes_lie_in_the_interval(noise: float) -> None:
    growth = learned(3000, offset=1.0, slope=1.0, noise=noise)
    early, final = grown(4000, offset=1.0, slope=1.0, noise=noise, seed=2)
    headings = [growth.heading(score) for score in early]
    inside = np.mean(
        [each.low <= score <= each.high for each, score in zip(headings, final, strict=True)]
    )
    assert inside == pytest.approx(0.8, abs=0.03)


def test_the_fewer_posts_the_wider_the_interval() -> None:
    def width(n: int) -> float:
        heading = learned(n, offset=1.0, slope=1.0, noise=0.3).heading(100)
        return math.asinh(heading.high) - math.asinh(heading.low)

    assert width(5) > 1.2 * width(5000)


def test_a_community_without_posts_grows_like_its_platform() -> None:
    pool = learned(1000, offset=2.0, slope=0.8, noise=0.3)
    empty = np.empty(0)
    own = fit_growth(empty, empty, as_prior(pool))
    assert own.heading(50).median == pytest.approx(pool.heading(50).median)
    assert own.n == 0


def test_a_community_with_many_posts_grows_as_it_does() -> None:
    prior = as_prior(learned(1000, offset=2.0, slope=0.8, noise=0.3))
    own = learned(2000, prior, offset=0.0, slope=1.0, noise=0.3)
    assert own.line == pytest.approx([0.0, 1.0], abs=0.07)


def test_in_between_it_leans_on_both() -> None:
    prior = as_prior(learned(1000, offset=2.0, slope=1.0, noise=0.3))
    medians = [
        learned(n, prior, offset=0.0, slope=1.0, noise=0.3).heading(100).median
        for n in (0, 5, 20, 500)
    ]
    assert medians == sorted(medians, reverse=True)
    # Twenty posts weigh as much as the pool.
    assert math.asinh(medians[2]) == pytest.approx(math.asinh(100) + 1.0, abs=0.35)


def test_a_small_pool_is_not_worth_more_than_it_is() -> None:
    pool = learned(3, offset=1.0, slope=1.0, noise=0.3)
    assert as_prior(pool).freedom == pool.freedom
    assert np.array_equal(as_prior(pool).weight, pool.weight)


@given(st.lists(st.tuples(SCORES, SCORES), max_size=30), SCORES)
def test_whatever_was_seen_the_points_are_in_order_and_finite(
    seen: list[tuple[int, int]], score: int
) -> None:
    pairs = np.array(seen, np.float64).reshape(-1, 2)
    heading = fit_growth(pairs[:, 0], pairs[:, 1], no_growth()).heading(score)
    assert all(math.isfinite(each) for each in heading)
    assert heading.low < heading.median < heading.high


@pytest.mark.parametrize(
    ("freedom", "point"), [(4, 1.533206), (10, 1.372184), (30, 1.310415), (1e9, 1.281552)]
)
def test_the_points_of_students_distribution(freedom: float, point: float) -> None:
    growth = Growth(1, np.array([0.0, 1.0]), np.eye(2) * 1e12, freedom, 1.0)
    heading = growth.heading(0)
    assert math.asinh(heading.high) == pytest.approx(point, rel=0.01)


def off_by(halves: float, n: int) -> list[tuple[FinalScore, float]]:
    foreseen = FinalScore(2.0, 3.0, 5.0)
    half = 2.0 if halves > 0 else 1.0
    return [(foreseen, math.sinh(3.0 + halves * half))] * n


def test_without_own_posts_a_community_gets_what_the_curves_say() -> None:
    heading = adapted(FinalScore(2.0, 3.0, 5.0), [])
    assert [math.asinh(each) for each in heading] == pytest.approx([2, 3, 5], abs=0.1)


@pytest.mark.parametrize("halves", [-1.0, 0.5])
def test_where_the_curves_are_off_a_community_with_posts_corrects_them(halves: float) -> None:
    heading = adapted(FinalScore(2.0, 3.0, 5.0), off_by(halves, 500))
    half = 2.0 if halves > 0 else 1.0
    assert math.asinh(heading.median) == pytest.approx(3.0 + halves * half)


def test_a_few_own_posts_correct_little() -> None:
    few = adapted(FinalScore(2.0, 3.0, 5.0), off_by(1.0, 3)).median
    many = adapted(FinalScore(2.0, 3.0, 5.0), off_by(1.0, 60)).median
    assert 3.0 < math.asinh(few) < 3.5 < math.asinh(many)


@given(st.lists(st.tuples(st.integers(-50, 50), SCORES), max_size=40))
def test_adapted_points_are_in_order(seen: list[tuple[int, int]]) -> None:
    foreseen = [(FinalScore(x / 10 - 1, x / 10, x / 10 + 0.5), float(y)) for x, y in seen]
    heading = adapted(FinalScore(2.0, 3.0, 5.0), foreseen)
    assert heading.low <= heading.median <= heading.high
