"""What people can read off pictures, as columns of numbers."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.attributes.expressions import EXPRESSIONS
from models.attributes.genre import GENRES

_LOOK: Final = ("colourfulness", "sharpness", "brightness")
_TEXT: Final = ("text_share", "text_top", "text_bottom", "text_lines")

#: Columns of each kind of attribute, in their order.
KINDS: Final[dict[str, tuple[str, ...]]] = {
    "genre": GENRES,
    "faces and expressions": ("faces", "a face", *EXPRESSIONS),
    # Not only more or less: the middle may play best.
    "look": (*_LOOK, *(f"{name} squared" for name in _LOOK)),
    "text": _TEXT,
}
#: All columns.
WIDTH: Final = sum(len(names) for names in KINDS.values())
#: More faces and lines than these count as these.
_MANY_FACES, _MANY_LINES = 5, 12


def attribute_columns(stored: dict[str, Any] | None) -> NDArray[np.float32]:
    """The columns of one picture, float32[WIDTH]; NaN where something was not read.

    Args:
        stored: as `storage.queries.attributes.described` gives it; None: nothing was read.
    """
    if stored is None:
        return np.full(WIDTH, np.nan, np.float32)
    return np.array(
        [
            *_genre(stored["genre"]),
            *_faces(stored["faces"]),
            *_look(stored["look"]),
            *_text(stored["look"]),
        ],
        np.float32,
    )


def columns_of(kind: str) -> slice:
    """Where the columns of a kind are."""
    names = [*KINDS]
    first = sum(len(KINDS[each]) for each in names[: names.index(kind)])
    return slice(first, first + len(KINDS[kind]))


def _genre(told: dict[str, Any] | None) -> Sequence[float]:
    if told is None:
        return [np.nan] * len(GENRES)
    return [told["probabilities"].get(name, np.nan) for name in GENRES]


def _faces(faces: list[dict[str, Any]] | None) -> Sequence[float]:
    if faces is None:
        return [np.nan] * (2 + len(EXPRESSIONS))
    read = [face["expressions"] for face in faces if face["expressions"] is not None]
    means = [float(np.mean([each[name] for each in read])) if read else 0.0 for name in EXPRESSIONS]
    return [float(min(len(faces), _MANY_FACES)), float(bool(faces)), *means]


def _look(look: dict[str, Any]) -> Sequence[float]:
    values = [look[name] for name in _LOOK]
    return [*values, *(value**2 for value in values)]


def _text(look: dict[str, Any]) -> Sequence[float]:
    values = [look.get(name) for name in _TEXT]
    share, top, bottom, lines = (np.nan if value is None else float(value) for value in values)
    return [share, top, bottom, min(lines, float(_MANY_LINES))]
