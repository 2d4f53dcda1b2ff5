"""The shape of the ten-bin chart: where each bar goes, worked out here, drawn by the template."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.serving.number_format import percent
from bot.texts.translate import gettext as _

WIDTH = 400
HEIGHT = 120
_GAP = 4


@dataclass(frozen=True, slots=True)
class Column:
    """One bin as a rectangle, in the chart's own units; ``third`` is 0, 1 or 2 by its middle."""

    x: float
    y: float
    width: float
    height: float
    third: int
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """The chart, with its whole content in words for those who do not see it.

    Attributes:
        outcome: the middle of the label's percentile interval as an x, if it is known.
    """

    columns: tuple[Column, ...]
    description: str
    outcome: float | None
    width: int = WIDTH
    height: int = HEIGHT


def draw_distribution(bins: Sequence[float], percentile: float | None) -> Chart:
    """Lay out a prediction.

    Args:
        bins: probabilities of the ten bins, lowest first.
        percentile: where the label fell, 0 to 1; None while it is not known.
    """
    step = WIDTH / len(bins)
    # Alike for all posts where it can be, so that a flat distribution looks flat.
    top = max(*bins, 0.25)
    columns = tuple(
        Column(
            x=round(index * step + _GAP / 2, 2),
            y=round(HEIGHT * (1 - share / top), 2),
            width=round(step - _GAP, 2),
            height=round(HEIGHT * share / top, 2),
            third=min(int((index + 0.5) / len(bins) * 3), 2),
            text=f"{_place(index, len(bins))}: {percent(share)}",
        )
        for index, share in enumerate(bins)
    )
    words = "; ".join(column.text for column in columns)
    outcome = None if percentile is None else round(WIDTH * percentile, 2)
    told = _("Chances of where the post ends up: {chances}.").format(chances=words)
    if percentile is not None:
        told += " " + _("It came in at {share}.").format(share=percent(percentile))
    return Chart(columns, told, outcome)


def _place(index: int, count: int) -> str:
    return _("{low} to {high}%").format(low=index * 100 // count, high=(index + 1) * 100 // count)
