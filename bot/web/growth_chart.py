"""The shape of the chart of a score as it grew, beside what was expected of it on the way."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from bot.serving.number_format import duration, number
from bot.texts.translate import gettext as _

WIDTH, HEIGHT = 400, 140


@dataclass(frozen=True, slots=True)
class Look:
    """A second look: what the final score was expected to be, at an age of the post."""

    age: timedelta
    low: float
    median: float
    high: float


@dataclass(frozen=True, slots=True)
class Point:
    """A score at an age."""

    age: timedelta
    score: float


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in the chart, in its own units; ``top`` and ``bottom`` bound an 80% interval."""

    x: float
    y: float
    top: float | None = None
    bottom: float | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class GrowthChart:
    """The chart, with its whole content in words for those who do not see it."""

    scores: tuple[Mark, ...]
    looks: tuple[Mark, ...]
    line: str
    final: float | None
    labels: tuple[tuple[float, str], ...]
    ages: tuple[tuple[float, str], ...]
    description: str
    width: int = WIDTH
    height: int = HEIGHT


def draw_growth(
    points: Sequence[Point], looks: Sequence[Look], final: float | None, horizon: timedelta
) -> GrowthChart | None:
    """Lay out the scores of a post and the second looks at it; None: there is nothing to draw.

    Args:
        points: the earliest first.
        looks: the earliest first.
        final: the score at the horizon; None: not known yet.
        horizon: the age at which it is final.
    """
    # The final score alone is told in words on the card.
    ended = final is not None and len(points) == 1
    if not looks and (not points or ended):
        return None
    values = [each.score for each in points]
    values += [value for each in looks for value in (each.low, each.high)]
    values += [] if final is None else [final]
    bottom, top = min(*values, 0.0), max(*values, 1.0)

    def x(age: timedelta) -> float:
        # Most happens early: the square root of the age.
        return round(WIDTH * math.sqrt(min(max(age / horizon, 0.0), 1.0)), 2)

    def y(value: float) -> float:
        return round(HEIGHT * (1 - (value - bottom) / (top - bottom)), 2)

    scores = tuple(Mark(x(each.age), y(each.score), text=_score_words(each)) for each in points)
    expected = tuple(
        Mark(
            x(each.age), y(each.median), y(each.high), y(each.low),
            _("{median} ({low} to {high}) expected after {age}").format(
                median=number(each.median), low=number(each.low), high=number(each.high),
                age=duration(each.age),
            ),
        )
        for each in looks
    )  # fmt: skip
    words = "; ".join(each.text for each in (*scores, *expected))
    told = _("The score as it grew: {scores}.").format(scores=words)
    if final is not None:
        told += " " + _("The final score was {score}.").format(score=number(final))
    return GrowthChart(
        scores=scores,
        looks=expected,
        line=" ".join(f"{each.x},{each.y}" for each in scores),
        final=None if final is None else y(final),
        labels=((y(top), number(top)), (y(bottom), number(bottom))),
        ages=(
            (0.0, _("posted")),
            (x(horizon / 4), duration(horizon / 4)),
            (x(horizon), duration(horizon)),
        ),
        description=told,
    )


def _score_words(point: Point) -> str:
    return _("{score} after {age}").format(score=number(point.score), age=duration(point.age))
