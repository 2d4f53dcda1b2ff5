"""Bounds of second looks: how sure they are, whom they lean on, and when they say nothing."""

import math

import numpy as np
import pytest
from scipy import stats

from bot.labels.growth import Growth, as_prior, fit_growth, no_growth


def known(*, freedom: float, variance: float = 0.25) -> Growth:
    """A line that is known for sure: the score stays as it is, give or take the residual."""
    return Growth(10, np.array([0.0, 1.0]), np.eye(2) * 1e12, freedom, variance)


@pytest.mark.parametrize("freedom", [1, 2.5, 4, 8, 20, 100, 10_000])
def test_the_interval_is_students_t(freedom: float) -> None:
    heading = known(freedom=freedom).heading(50)
    expected = stats.t.ppf(0.9, freedom) * 0.5
    assert heading.median == pytest.approx(50)
    for end, sign in ((heading.low, -1), (heading.high, 1)):
        assert math.asinh(end) - math.asinh(50) == pytest.approx(sign * expected)


def test_before_anything_was_seen_the_interval_is_a_half_of_one_degree_wide() -> None:
    growth = no_growth()
    assert (growth.n, growth.freedom, growth.variance) == (0, 1, 0.25)
    # At a score of 0 only the offset is unknown, by as much as one post leaves it.
    heading = growth.heading(0)
    twice = growth.heading(0).high
    assert heading.median == 0
    assert heading.low == pytest.approx(-twice)
    wider = growth.heading(100)
    spread = math.sqrt((1 + 1 + math.asinh(100) ** 2) / 2)
    half = math.asinh(wider.high) - math.asinh(100)
    assert half / math.asinh(heading.high) == pytest.approx(spread)


@pytest.mark.parametrize(("early", "final"), [(10.0, 30.0), (0.0, 0.0), (-4.0, 2.0), (500.0, 4.0)])
def test_one_post_moves_what_is_known_as_bayes_says(early: float, final: float) -> None:
    prior = Growth(7, np.array([0.3, 0.9]), np.array([[3.0, 1.0], [1.0, 5.0]]), 6.0, 0.4)
    learned = fit_growth(np.array([early]), np.array([final]), prior)
    x, y = np.array([1.0, math.asinh(early)]), math.asinh(final)
    # The other way to write it: by what the post was off from what was expected of it.
    covariance = np.linalg.inv(prior.weight)
    unsure = 1 + x @ covariance @ x
    surprise = y - x @ prior.line
    assert learned.n == 8
    assert learned.freedom == 7
    assert learned.line == pytest.approx(prior.line + covariance @ x * surprise / unsure)
    assert learned.weight == pytest.approx(prior.weight + np.outer(x, x))
    assert learned.variance == pytest.approx((6.0 * 0.4 + surprise**2 / unsure) / 7)


def test_many_posts_teach_as_much_as_one_after_the_other() -> None:
    early, final = np.array([1.0, 5.0, 20.0, 90.0]), np.array([3.0, 9.0, 33.0, 400.0])
    at_once = fit_growth(early, final, no_growth())
    step = no_growth()
    for one, other in zip(early, final, strict=True):
        step = fit_growth(np.array([one]), np.array([other]), step)
    assert at_once.line == pytest.approx(step.line)
    assert at_once.weight == pytest.approx(step.weight)
    assert at_once.variance == pytest.approx(step.variance)
    assert (at_once.n, at_once.freedom) == (step.n, step.freedom) == (4, 5)


@pytest.mark.parametrize(
    ("freedom", "share"), [(1, 1), (19, 1), (20, 1), (21, 20 / 21), (40, 0.5), (2000, 0.01)]
)
def test_a_pool_is_worth_twenty_posts_at_most(freedom: float, share: float) -> None:
    pool = Growth(int(freedom), np.array([1.0, 0.5]), np.eye(2) * 8, freedom, 0.3)
    prior = as_prior(pool)
    assert prior.n == 0
    assert prior.freedom == pytest.approx(freedom * share)
    assert prior.weight == pytest.approx(np.eye(2) * 8 * share)
    assert prior.line == pytest.approx([1.0, 0.5])
    assert prior.variance == 0.3


def test_a_pool_is_worth_what_is_asked() -> None:
    pool = Growth(100, np.array([1.0, 0.5]), np.eye(2), 100.0, 0.3)
    assert as_prior(pool, 50).freedom == 50


@pytest.mark.parametrize(("own", "share"), [(10, 1 / 3), (20, 1 / 2), (40, 2 / 3)])
def test_twenty_own_posts_weigh_as_much_as_everybody_elses(own: int, share: float) -> None:
    """Both grow with the same slope; the offset is somewhere between theirs and one's own."""
    x = np.linspace(1, 6, 10)

    def seen(times: int, offset: float) -> tuple[np.ndarray, np.ndarray]:
        each = np.tile(x, times)
        return np.sinh(each), np.sinh(each + offset)

    pool = fit_growth(*seen(1000, 0.0), no_growth())
    learned = fit_growth(*seen(own // 10, 2.0), as_prior(pool))
    assert learned.line[0] == pytest.approx(2 * share, abs=0.01)
    assert learned.line[1] == pytest.approx(1, abs=0.01)
