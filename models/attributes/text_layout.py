"""Where text stands in a picture, from the boxes of its lines."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

#: Boxes are drawn on a square of this side, so that what two of them cover counts once.
_SIDE: Final = 192
#: Boxes are of one line where the lower begins above this share of the upper's height.
_SAME_LINE: Final = 0.5


@dataclass(frozen=True, slots=True)
class TextLayout:
    """How much of a picture is text, and where.

    Attributes:
        share: of the picture's area, 0 to 1.
        top: share of the text's area that is in the upper third; 0 without text.
        bottom: share that is in the lower third; 0 without text.
        lines: of text, one below another.
    """

    share: float
    top: float
    bottom: float
    lines: int

    def as_json(self) -> dict[str, Any]:
        """As it is stored, rounded to four digits."""
        return {
            name: round(value, 4) if isinstance(value, float) else value
            for name, value in asdict(self).items()
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Self:
        """What `as_json` made."""
        return cls(**stored)


def read_layout(boxes: Sequence[NDArray[np.floating]], size: tuple[int, int]) -> TextLayout:
    """The layout of text.

    Args:
        boxes: of the lines, each float[4, 2]: its corners in pixels, in order around it.
        size: width and height of the picture, pixels.
    """
    if not len(boxes):
        return TextLayout(0.0, 0.0, 0.0, 0)
    scale = _SIDE / np.maximum(np.array(size, np.float64), 1)
    canvas = Image.new("1", (_SIDE, _SIDE))
    pen = ImageDraw.Draw(canvas)
    for box in boxes:
        corners = np.maximum(np.asarray(box, np.float64) * scale, 0)
        pen.polygon([(float(x), float(y)) for x, y in corners], fill=1)
    rows = np.asarray(canvas).sum(axis=1)
    area = int(rows.sum())
    third = _SIDE // 3
    return TextLayout(
        area / _SIDE**2,
        float(rows[:third].sum()) / max(area, 1),
        float(rows[-third:].sum()) / max(area, 1),
        _lines(boxes),
    )


def _lines(boxes: Sequence[NDArray[np.floating]]) -> int:
    spans = sorted((float(box[:, 1].min()), float(box[:, 1].max())) for box in boxes)
    count, (top, bottom) = 1, spans[0]
    for upper, lower in spans[1:]:
        if upper > top + _SAME_LINE * (bottom - top):
            count, top, bottom = count + 1, upper, lower
    return count
