import numpy as np
import pytest

from bot.reports.skill import skill_of


def test_the_skill_interval_is_that_of_the_mean_gain() -> None:
    rng = np.random.default_rng(1)
    base = np.full(400, 0.16)
    rps = base - 0.01 + rng.normal(size=400) * 0.05
    gain = base - rps
    found = skill_of(400, rps.sum(), base.sum(), (gain**2).sum())
    assert found.skill == pytest.approx(gain.mean() / 0.16)
    half = 1.96 * gain.std(ddof=1) / 20 / 0.16
    assert found.interval == pytest.approx((found.skill - half, found.skill + half), abs=1e-5)


@pytest.mark.parametrize(
    ("n", "rps", "base_rps"),
    [
        # A community in which every score ties: what is left of the base rate is rounding dust.
        (80, 0.16, 80 * 3e-33),
        (80, 8.0, 80 * 0.0099),
        (80, 0.0, 0.0),
        (9, 1.0, 1.5),
    ],
)
def test_scores_that_cannot_be_compared_are_no_skill(n: int, rps: float, base_rps: float) -> None:
    found = skill_of(n, rps, base_rps, 1.0)
    assert found.skill is None
    assert found.interval is None
    assert found.why_none
