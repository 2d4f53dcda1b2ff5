"""A picture being drawn with Pillow, in the colours of a palette."""

import math
from typing import TypeAlias

import numpy as np
from PIL import Image, ImageDraw

from bot.simulation.memes import Meme, Palette

Colour: TypeAlias = tuple[int, int, int]

COLOURS: dict[Palette, tuple[Colour, ...]] = {
    Palette.WARM: ((226, 94, 48), (244, 178, 76), (150, 48, 40), (250, 226, 170), (196, 120, 64)),
    Palette.COOL: ((38, 84, 124), (96, 160, 196), (24, 120, 110), (206, 230, 236), (84, 96, 170)),
    Palette.NEON: ((250, 40, 160), (40, 240, 120), (30, 20, 60), (250, 240, 40), (60, 90, 250)),
    Palette.GREY: ((60, 60, 62), (128, 126, 122), (190, 188, 184), (232, 230, 226), (96, 92, 98)),
}

#: A background's slope is worked out on so many places a side, and smoothed out from there.
_SLOPE = 32


class Canvas:
    """A picture being drawn, with its colours and its luck. Places and sizes are shares, 0 to 1."""

    def __init__(self, meme: Meme) -> None:
        self.rng = np.random.default_rng(meme.variation)
        self.width, self.height = meme.width, meme.height
        shades = self.rng.normal(0, 14, (len(COLOURS[meme.palette]), 3))
        colours = np.clip(np.array(COLOURS[meme.palette]) + shades, 0, 255).astype(int)
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
