"""Skill over the base rate, from sums over labels."""

import math
from dataclasses import dataclass

from bot.league.intervals import NORMAL_POINT, Interval, Moments
from models import metrics


@dataclass(frozen=True, slots=True)
class Skill:
    """How much lower predictions scored than the base rate, over some labels.

    Attributes:
        n: labels.
        skill: 1 − RPS / base rate's RPS: 1 is perfect, 0 no better, negative worse. None where
            there is nothing to tell yet.
        interval: 95%, from the spread of what each post gained; None where the skill is.
        why_none: why there is nothing to tell yet (English, no full stop); None where there is.
    """

    n: int
    skill: float | None
    interval: Interval | None
    why_none: str | None = None


def skill_of(n: int, rps: float, base_rps: float, gain_squared: float) -> Skill:
    """The skill that sums over ``n`` labels stand for.

    Args:
        n: at least 1.
        rps: sum of ranked probability scores.
        base_rps: sum of what the base rate scored.
        gain_squared: sum of the squares of what each post gained over the base rate.
    """
    base = base_rps / n
    skill = metrics.skill(rps / n, base, n=n)
    if skill is None:
        return Skill(n, None, None, metrics.why_no_skill(n, base))
    gain = Moments(n, base_rps - rps, gain_squared)
    half = NORMAL_POINT * math.sqrt(gain.squared_error)
    return Skill(
        n,
        skill,
        ((gain.mean - half) / base, min((gain.mean + half) / base, 1.0)),
    )
