"""The shape of the chart of somebody's points over their guesses."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.serving.number_format import signed
from bot.texts.translate import gettext as _

WIDTH, HEIGHT = 400, 120
#: More corners are not seen.
_MOST = 200


@dataclass(frozen=True, slots=True)
class PointsChart:
    """The chart in its own units, with its whole content in words."""

    line: str
    zero: float
    top: str
    bottom: str
    end: tuple[float, float]
    description: str
    width: int = WIDTH
    height: int = HEIGHT


def draw_points(points: Sequence[float]) -> PointsChart | None:
    """Lay out the sums of points after each guess; None: fewer than two."""
    if len(points) < 2:
        return None
    sums = [0.0, *points]
    top, bottom = max(sums), min(sums)
    height = (top - bottom) or 1.0

    def place(number: int) -> tuple[float, float]:
        y = HEIGHT * (top - sums[number]) / height
        return round(WIDTH * number / len(points), 1), round(y, 1)

    step = max(len(points) // _MOST, 1)
    numbers = [*range(0, len(points), step), len(points)]
    return PointsChart(
        line=" ".join(f"{x},{y}" for x, y in map(place, numbers)),
        zero=round(HEIGHT * top / height, 1),
        top=signed(top),
        bottom=signed(bottom),
        end=place(len(points)),
        description=_(
            "The sum of points over {count} guesses: from {bottom} at least to {top} at most, now"
            " {now}."
        ).format(count=len(points), bottom=signed(bottom), top=signed(top), now=signed(points[-1])),
    )
