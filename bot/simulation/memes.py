"""Descriptions of made-up memes: the same one gives the same picture every time."""

from dataclasses import dataclass
from enum import StrEnum


class Scene(StrEnum):
    """What a picture shows."""

    LANDSCAPE = "landscape"
    FACE = "face"
    CAT = "cat"
    CHART = "chart"
    PANELS = "panels"
    CITY = "city"
    FOOD = "food"
    PATTERN = "pattern"


class Palette(StrEnum):
    """The colours that it is drawn in."""

    WARM = "warm"
    COOL = "cool"
    NEON = "neon"
    GREY = "grey"


@dataclass(frozen=True, slots=True)
class Meme:
    """What is to be seen in a picture.

    Attributes:
        scene: what it shows.
        palette: in which colours.
        clutter: how full it is, 0 (empty) to 1.
        caption: the words written on it; may be empty.
        width: pixels.
        height: pixels.
        format: ``JPEG`` or ``PNG``.
        variation: seed of everything that carries no meaning: places, sizes, shades.
    """

    scene: Scene
    palette: Palette
    clutter: float
    caption: str
    width: int
    height: int
    format: str
    variation: int
