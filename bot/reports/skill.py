"""Skill over the base rate, from sums over labels."""

import math
from dataclasses import dataclass

from bot.league.intervals import NORMAL_POINT, Interval, Moments


@dataclass(frozen=True, slots=True)
class Skill:
    """How much lower predictions scored than the base rate, over some labels.

    Attributes:
        n: labels.
        skill: 1 − RPS / base rate's RPS: 1 is perfect, 0 no better, negative worse.
        interval: 95%, from the spread of what each post gained; None for a single label.
    """

    n: int
    skill: float
    interval: Interval | None


def skill_of(n: int, rps: float, base_rps: float, gain_squared: float) -> Skill:
    """The skill that sums over ``n`` labels stand for.

    Args:
        n: at least 1.
        rps: sum of ranked probability scores.
        base_rps: sum of what the base rate scored.
        gain_squared: sum of the squares of what each post gained over the base rate.
    """
    if base_rps <= 0:
        # Nothing to gain: the base rate was certain, and right.
        return Skill(n, 0.0, None)
    gain = Moments(n, base_rps - rps, gain_squared)
    base = base_rps / n
    if n < 2:
        return Skill(n, gain.mean / base, None)
    half = NORMAL_POINT * math.sqrt(gain.squared_error)
    return Skill(
        n,
        gain.mean / base,
        ((gain.mean - half) / base, min((gain.mean + half) / base, 1.0)),
    )
