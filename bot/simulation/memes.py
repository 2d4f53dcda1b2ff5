"""Made-up memes, drawn with Pillow: the same description gives the same bytes every time."""

import io
import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from PIL import Image, ImageDraw, ImageFont

Colour: TypeAlias = tuple[int, int, int]


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


_COLOURS: dict[Palette, tuple[Colour, ...]] = {
    Palette.WARM: ((226, 94, 48), (244, 178, 76), (150, 48, 40), (250, 226, 170), (196, 120, 64)),
    Palette.COOL: ((38, 84, 124), (96, 160, 196), (24, 120, 110), (206, 230, 236), (84, 96, 170)),
    Palette.NEON: ((250, 40, 160), (40, 240, 120), (30, 20, 60), (250, 240, 40), (60, 90, 250)),
    Palette.GREY: ((60, 60, 62), (128, 126, 122), (190, 188, 184), (232, 230, 226), (96, 92, 98)),
}


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


#: A background's slope is worked out on so many places a side, and smoothed out from there.
_SLOPE = 32


class _Canvas:
    """A picture being drawn, with its colours and its luck. Places and sizes are shares, 0 to 1."""

    def __init__(self, meme: Meme) -> None:
        self.rng = np.random.default_rng(meme.variation)
        self.width, self.height = meme.width, meme.height
        shades = self.rng.normal(0, 14, (len(_COLOURS[meme.palette]), 3))
        colours = np.clip(np.array(_COLOURS[meme.palette]) + shades, 0, 255).astype(int)
        self.colours: list[Colour] = [(int(r), int(g), int(b)) for r, g, b in colours]
        self.image = self._background()
        self.draw = ImageDraw.Draw(self.image)

    def _background(self) -> Image.Image:
        """A slope from one colour to another, whichever way it falls."""
        first, second = (self.colours[k] for k in self.rng.choice(5, 2, replace=False))
        angle = self.rng.uniform(0, 2 * math.pi)
        steps = np.linspace(-1, 1, _SLOPE)
        across = steps[None, :] * math.cos(angle)
        down = steps[:, None] * math.sin(angle)
        share = np.clip(0.5 + (across + down) * self.rng.uniform(0.2, 0.6), 0, 1)[..., None]
        pixels = np.array(first) * (1 - share) + np.array(second) * share
        slope = Image.fromarray(pixels.astype(np.uint8), "RGB")
        return slope.resize((self.width, self.height), Image.Resampling.BILINEAR)

    def colour(self) -> Colour:
        return self.colours[int(self.rng.integers(len(self.colours)))]

    def uniform(self, low: float, high: float) -> float:
        return float(self.rng.uniform(low, high))

    def point(self, x: float, y: float) -> tuple[float, float]:
        return x * self.width, y * self.height

    def disc(self, x: float, y: float, radius: float, fill: Colour) -> None:
        """A disc; the radius is a share of the shorter side."""
        cx, cy = self.point(x, y)
        r = radius * min(self.width, self.height)
        self.draw.ellipse((cx - r, cy - r, cx + r, cy + r), fill=fill)

    def box(self, x: float, y: float, to_x: float, to_y: float, fill: Colour) -> None:
        self.draw.rectangle((*self.point(x, y), *self.point(to_x, to_y)), fill=fill)

    def shape(self, points: list[tuple[float, float]], fill: Colour) -> None:
        self.draw.polygon([self.point(x, y) for x, y in points], fill=fill)


def _landscape(on: _Canvas) -> None:
    on.disc(on.uniform(0.1, 0.9), on.uniform(0.1, 0.4), on.uniform(0.06, 0.16), on.colour())
    for ground in (0.45, 0.6, 0.75):
        heights = [ground + on.uniform(-0.15, 0.12) for _ in range(6)]
        ridge = [(k / 5, height) for k, height in enumerate(heights)]
        on.shape([(0, 1), *ridge, (1, 1)], on.colour())


def _face(on: _Canvas) -> None:
    x, y, size = on.uniform(0.35, 0.65), on.uniform(0.4, 0.6), on.uniform(0.25, 0.42)
    skin, ink = on.colours[1], (20, 18, 24)
    on.disc(x, y, size, skin)
    gap = size * on.uniform(0.3, 0.5) * min(on.width, on.height) / on.width
    for side in (-1, 1):
        on.disc(x + side * gap, y - size * 0.25, size * 0.2, (250, 250, 250))
        on.disc(x + side * gap, y - size * 0.25, size * on.uniform(0.06, 0.14), ink)
    cx, cy = on.point(x, y)
    r = size * min(on.width, on.height) * 0.6
    start = 20 if on.rng.random() < 0.5 else 200
    on.draw.arc((cx - r, cy - r, cx + r, cy + r), start, start + 140, fill=ink, width=5)


def _cat(on: _Canvas) -> None:
    x, y, size = on.uniform(0.3, 0.7), on.uniform(0.45, 0.65), on.uniform(0.22, 0.36)
    fur, ink = on.colours[4], (20, 18, 24)
    wide = size * min(on.width, on.height) / on.width
    high = size * min(on.width, on.height) / on.height
    for side in (-1, 1):
        ear = [
            (x + side * wide, y - high * 0.2),
            (x + side * wide * 0.95, y - high * 1.5),
            (x + side * wide * 0.2, y - high * 0.8),
        ]
        on.shape(ear, fur)
    on.disc(x, y, size, fur)
    for side in (-1, 1):
        on.disc(x + side * wide * 0.4, y - high * 0.15, size * 0.16, (210, 230, 90))
        on.disc(x + side * wide * 0.4, y - high * 0.15, size * 0.07, ink)
        for tilt in (-0.1, 0.05, 0.2):
            on.draw.line(
                (
                    *on.point(x + side * wide * 0.25, y + high * 0.35),
                    *on.point(x + side * wide * 1.2, y + high * (0.35 + tilt)),
                ),
                fill=ink,
                width=2,
            )
    on.disc(x, y + high * 0.25, size * 0.09, (230, 130, 140))


def _chart(on: _Canvas) -> None:
    on.box(0.06, 0.08, 0.94, 0.92, (248, 248, 246))
    bars = int(on.rng.integers(4, 9))
    for bar in range(bars):
        left = 0.12 + 0.78 * bar / bars
        on.box(left, 0.88 - on.uniform(0.1, 0.7), left + 0.55 / bars, 0.88, on.colour())
    on.draw.line((*on.point(0.1, 0.12), *on.point(0.1, 0.88)), fill=(40, 40, 40), width=3)
    on.draw.line((*on.point(0.1, 0.88), *on.point(0.92, 0.88)), fill=(40, 40, 40), width=3)


def _panels(on: _Canvas) -> None:
    for row in (0, 1):
        for column in (0, 1):
            x, y = column / 2, row / 2
            on.box(x + 0.01, y + 0.01, x + 0.49, y + 0.49, on.colour())
            on.disc(x + on.uniform(0.15, 0.35), y + 0.2, on.uniform(0.06, 0.11), on.colour())
            on.box(x + 0.17, y + 0.3, x + on.uniform(0.28, 0.36), y + 0.48, on.colour())
    for line in ((0.5, 0, 0.5, 1), (0, 0.5, 1, 0.5)):
        on.draw.line(
            (*on.point(line[0], line[1]), *on.point(line[2], line[3])), fill=(255,) * 3, width=6
        )


def _city(on: _Canvas) -> None:
    x = 0.0
    while x < 1:
        width, top = on.uniform(0.08, 0.2), on.uniform(0.2, 0.75)
        on.box(x, top, x + width, 1, on.colour())
        lit = on.colour()
        for floor in np.arange(top + 0.04, 0.96, 0.07):
            for window in np.arange(x + 0.02, x + width - 0.02, 0.04):
                if on.rng.random() < 0.6:
                    on.box(
                        float(window), float(floor), float(window) + 0.02, float(floor) + 0.03, lit
                    )
        x += width + on.uniform(0, 0.04)


def _food(on: _Canvas) -> None:
    x, y, size = on.uniform(0.4, 0.6), on.uniform(0.42, 0.6), on.uniform(0.3, 0.44)
    on.disc(x, y, size, (244, 242, 238))
    on.disc(x, y, size * 0.86, on.colours[4])
    on.disc(x, y, size * 0.76, on.colours[1])
    for _ in range(int(on.rng.integers(6, 14))):
        angle, far = on.uniform(0, 2 * math.pi), size * on.uniform(0.1, 0.62)
        across = far * min(on.width, on.height) / on.width
        down = far * min(on.width, on.height) / on.height
        on.disc(
            x + across * math.cos(angle), y + down * math.sin(angle), size * 0.11, on.colours[0]
        )


def _pattern(on: _Canvas) -> None:
    for _ in range(int(on.rng.integers(8, 16))):
        x, y = on.uniform(0, 1), on.uniform(0, 1)
        corners = [(x + on.uniform(-0.3, 0.3), y + on.uniform(-0.3, 0.3)) for _ in range(3)]
        on.shape(corners, on.colour())


_SCENES: dict[Scene, Callable[[_Canvas], None]] = {
    Scene.LANDSCAPE: _landscape, Scene.FACE: _face, Scene.CAT: _cat, Scene.CHART: _chart,
    Scene.PANELS: _panels, Scene.CITY: _city, Scene.FOOD: _food, Scene.PATTERN: _pattern,
}  # fmt: skip

#: Stickers on a picture that is as full as can be.
_STICKERS = 24


def _stickers(on: _Canvas, clutter: float) -> None:
    for _ in range(round(clutter * _STICKERS)):
        x, y, size = on.uniform(0, 1), on.uniform(0, 1), on.uniform(0.02, 0.06)
        if on.rng.random() < 0.5:
            on.disc(x, y, size, on.colour())
        else:
            on.box(x - size, y - size, x + size, y + size, on.colour())


@lru_cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size=size)


def _write(on: _Canvas, caption: str) -> None:
    """The caption in the way of memes: half above, half below, white with a black edge."""
    words = caption.upper().split()
    halves = (words[: (len(words) + 1) // 2], words[(len(words) + 1) // 2 :])
    font = _font(max(14, on.width // 13))
    for half, y, anchor in ((halves[0], 0.03, "ma"), (halves[1], 0.97, "md")):
        lines = "\n".join(" ".join(half[k : k + 3]) for k in range(0, len(half), 3))
        if lines:
            on.draw.multiline_text(
                on.point(0.5, y), lines, font=font, anchor=anchor, align="center",
                fill="white", stroke_width=2, stroke_fill="black",
            )  # fmt: skip


def draw(meme: Meme) -> bytes:
    """The picture as a file."""
    on = _Canvas(meme)
    _SCENES[meme.scene](on)
    _stickers(on, meme.clutter)
    _write(on, meme.caption)
    stream = io.BytesIO()
    on.image.save(stream, meme.format, **({"quality": 85} if meme.format == "JPEG" else {}))
    return stream.getvalue()
