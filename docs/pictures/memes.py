"""Draws the memes of the documentation's pictures: scenes of shaded balls, a caption on top.

All of them are made here, from numbers; the font of the captions is free (Anton, SIL Open Font
License). The same scene and seed give the same picture.
"""

import io
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

Colour: TypeAlias = tuple[float, float, float]

WIDTH, HEIGHT = 640, 480
#: Drawn so many times larger, then made smaller: smooth edges.
_LARGER = 2
_LIGHT = np.array([-0.45, -0.62, 0.64])


class Canvas:
    """A picture being drawn. Places are shares of width and height, sizes shares of the height."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.height, self.width = HEIGHT * _LARGER, WIDTH * _LARGER
        rows, columns = np.mgrid[0 : self.height, 0 : self.width]
        self.x: NDArray[np.float64] = columns / self.height
        self.y: NDArray[np.float64] = rows / self.height
        self.pixels: NDArray[np.float64] = np.zeros((self.height, self.width, 3))
        #: Places and shades differ a little between pictures, so that no two are alike.
        self.shift = float(self.rng.uniform(-0.04, 0.04))
        self.tint = self.rng.normal(0, 7, 3)

    def paint(self, mask: NDArray[np.float64], colour: NDArray[np.float64] | Colour) -> None:
        """Lay a colour (0 to 255), or a picture of colours, over what is there."""
        self.pixels += mask[..., None] * (np.asarray(colour) - self.pixels)

    def sky(self, *colours: Colour) -> None:
        """Fill everything with a slope of colours from the top to the bottom."""
        at = np.linspace(0, 1, len(colours))
        rows = self.y[:, 0]
        slope = np.stack([np.interp(rows, at, [c[k] for c in colours]) for k in range(3)], axis=-1)
        self.pixels[:] = slope[:, None, :] + self.tint

    def ball(
        self, x: float, y: float, rx: float, ry: float, colour: Colour,
        *, turn: float = 0, flat: float = 0, shine: float = 0.25,
    ) -> None:  # fmt: skip
        """An ellipsoid lit from the upper left.

        Args:
            turn: degrees, clockwise.
            flat: 0 shaded, 1 of one colour.
            shine: strength of the highlight.
        """
        here = self._around(x, y, max(rx, ry) + 0.01)
        dx = self.x[here] - (x + self.shift) * WIDTH / HEIGHT
        dy = self.y[here] - y
        cos, sin = math.cos(math.radians(turn)), math.sin(math.radians(turn))
        u, v = (dx * cos + dy * sin) / rx, (-dx * sin + dy * cos) / ry
        far = np.hypot(u, v)
        edge = 1.2 / (self.height * min(rx, ry))
        mask = np.clip((1 - far) / edge + 0.5, 0, 1)
        deep = np.sqrt(np.clip(1 - far**2, 0, 1))
        across, down = u * cos - v * sin, u * sin + v * cos
        light = np.clip(across * _LIGHT[0] + down * _LIGHT[1] + deep * _LIGHT[2], 0, 1)
        shade = flat + (1 - flat) * (0.45 + 0.65 * light)
        gloss = shine * 255 * np.clip(light, 0, 1) ** 18
        colours = np.clip(np.asarray(colour) * shade[..., None] + gloss[..., None], 0, 255)
        self.pixels[here] += mask[..., None] * (colours - self.pixels[here])

    def _around(self, x: float, y: float, reach: float) -> tuple[slice, slice]:
        """Rows and columns that are no further away than that: only these are computed."""
        across, down = (x + self.shift) * self.width, y * self.height
        far = reach * self.height
        return (
            slice(max(int(down - far), 0), max(math.ceil(down + far), 0)),
            slice(max(int(across - far), 0), max(math.ceil(across + far), 0)),
        )

    def eye(self, x: float, y: float, size: float, *, look: tuple[float, float] = (0, 0)) -> None:
        """An eye that looks somewhere: shares of its own size, right and down."""
        self.ball(x, y, size, size, (250, 250, 246), flat=0.5, shine=0)
        px, py = x + look[0] * size * HEIGHT / WIDTH, y + look[1] * size
        self.ball(px, py, size * 0.55, size * 0.55, (22, 20, 26), flat=1, shine=0)
        gleam = size * 0.16
        self.ball(px - gleam * HEIGHT / WIDTH, py - gleam, gleam, gleam, (255, 255, 255), flat=1)

    def glow(self, x: float, y: float, size: float, colour: Colour, strength: float = 1) -> None:
        """A light that fades with the distance."""
        here = self._around(x, y, 3 * size)
        far = np.hypot(self.x[here] - (x + self.shift) * WIDTH / HEIGHT, self.y[here] - y) / size
        self.pixels[here] += strength * np.exp(-(far**2))[..., None] * np.asarray(colour)

    def ridge(self, level: float, rough: float, colour: Colour, haze: Colour) -> None:
        """A range of hills from the left to the right, hazy at its foot."""
        across = self.x[0]
        line = np.full_like(across, level)
        for octave in range(1, 7):
            line += (
                rough
                / octave**1.3
                * np.sin(across * 2.3 * octave**1.4 + self.rng.uniform(0, 2 * math.pi))
            )
        below = self.y - line[None, :]
        mask = np.clip(below * self.height / 2 + 0.5, 0, 1)
        share = np.clip(below / 0.3, 0, 1)[..., None]
        self.paint(mask, np.asarray(colour) * (1 - share) + np.asarray(haze) * share)

    def ground(self, level: float, near: Colour, far: Colour) -> None:
        """Everything below a level, from far to near."""
        mask = np.clip((self.y - level) * self.height / 2 + 0.5, 0, 1)
        share = np.clip((self.y - level) / (1 - level), 0, 1)[..., None]
        self.paint(mask, np.asarray(far) * (1 - share) + np.asarray(near) * share)

    def smile(self, x: float, y: float, wide: float, high: float, colour: Colour) -> None:
        """A crescent whose ends point up; `y` is where they are, `high` how thick its middle is."""
        along = (self.x - (x + self.shift) * WIDTH / HEIGHT) / wide
        arch = high * (1 - along**2)
        above = np.clip((self.y - y - 0.3 * arch) * self.height / 2 + 0.5, 0, 1)
        below = np.clip((y + 1.3 * arch - self.y) * self.height / 2 + 0.5, 0, 1)
        self.paint(above * below * (np.abs(along) < 1), colour)

    def box(self, x: float, y: float, to_x: float, to_y: float, colour: Colour) -> None:
        """An upright box with a little shade to the right."""
        wide = WIDTH / HEIGHT
        left, right = (x + self.shift) * wide, (to_x + self.shift) * wide
        inside = (self.x >= left) & (self.x <= right) & (self.y >= y) & (self.y <= to_y)
        shade = 1.08 - 0.28 * np.clip((self.x - left) / (right - left), 0, 1)
        self.paint(inside.astype(float), np.clip(np.asarray(colour) * shade[..., None], 0, 255))

    def stars(self, count: int, below: float = 0.7) -> None:
        for _ in range(count):
            size = float(self.rng.uniform(0.001, 0.0035))
            x, y = self.rng.uniform(0, 1), self.rng.uniform(0, below)
            self.ball(float(x), float(y), size, size, (255, 250, 235), flat=1, shine=0)

    def picture(self) -> Image.Image:
        """The finished picture."""
        pixels = np.clip(self.pixels, 0, 255).astype(np.uint8)
        whole = Image.fromarray(pixels, "RGB")
        return whole.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)


def cat(on: Canvas) -> None:
    """A ginger cat with a laptop, at night."""
    on.sky((24, 26, 58), (58, 48, 92), (88, 62, 84))
    on.stars(60, 0.45)
    on.glow(0.82, 0.16, 0.2, (120, 118, 96))
    on.ball(0.82, 0.16, 0.075, 0.075, (248, 240, 208), flat=0.4, shine=0)
    on.ground(0.78, (70, 42, 34), (112, 70, 50))
    fur, light = (226, 138, 58), (250, 216, 168)
    on.ball(0.42, 0.86, 0.27, 0.32, fur)
    for side in (-1, 1):
        on.ball(0.42 + side * 0.125, 0.29, 0.07, 0.12, fur, turn=side * 24)
        on.ball(0.42 + side * 0.122, 0.305, 0.035, 0.075, (240, 160, 150), turn=side * 24)
    on.ball(0.42, 0.47, 0.235, 0.2, fur)
    for stripe in (-0.05, 0, 0.05):
        on.ball(0.42 + stripe, 0.32, 0.011, 0.045, (176, 92, 30), shine=0)
    for side in (-1, 1):
        on.eye(0.42 + side * 0.075, 0.44, 0.055, look=(0.3, 0.35))
        on.ball(0.42 + side * 0.035, 0.55, 0.06, 0.045, light, shine=0.1)
    on.ball(0.42, 0.515, 0.024, 0.017, (214, 96, 104))
    on.glow(0.7, 0.7, 0.28, (60, 96, 130))
    on.box(0.56, 0.58, 0.86, 0.86, (52, 56, 64))
    on.box(0.575, 0.6, 0.845, 0.83, (120, 190, 224))
    for line in range(5):
        wide = 0.06 + 0.16 * float(on.rng.random())
        on.box(0.595, 0.63 + line * 0.038, 0.595 + wide, 0.642 + line * 0.038, (232, 246, 250))
    on.box(0.5, 0.86, 0.92, 0.89, (80, 84, 92))
    on.ball(0.55, 0.84, 0.07, 0.045, light, shine=0.1)


def owl(on: Canvas) -> None:
    """An owl that has not slept."""
    on.sky((10, 16, 40), (30, 40, 84), (52, 66, 104))
    on.stars(120, 0.9)
    on.ball(0.2, 0.2, 0.09, 0.09, (240, 236, 216), flat=0.5, shine=0)
    on.ball(0.235, 0.18, 0.08, 0.08, (20, 28, 60), flat=1, shine=0)
    on.ball(0.5, 0.97, 0.9, 0.05, (84, 58, 40), turn=-3, shine=0)
    body, chest = (124, 92, 66), (204, 176, 138)
    on.ball(0.55, 0.66, 0.25, 0.34, body)
    on.ball(0.55, 0.76, 0.17, 0.22, chest, shine=0)
    for row in range(4):
        for column in range(-2, 3):
            x = 0.55 + (column + 0.5 * (row % 2)) * 0.04
            on.ball(x, 0.68 + row * 0.055, 0.016, 0.02, (150, 112, 76), shine=0)
    for side in (-1, 1):
        on.ball(0.55 + side * 0.165, 0.68, 0.07, 0.24, (96, 70, 50), turn=side * -8)
        on.ball(0.55 + side * 0.115, 0.255, 0.045, 0.085, body, turn=side * 32)
    on.ball(0.55, 0.4, 0.235, 0.19, body)
    for side in (-1, 1):
        on.ball(0.55 + side * 0.083, 0.4, 0.115, 0.115, (236, 214, 176), shine=0)
        on.ball(0.55 + side * 0.083, 0.4, 0.086, 0.086, (246, 190, 44), shine=0.1)
        on.eye(0.55 + side * 0.083, 0.4, 0.06, look=(0, 0.1))
    on.ball(0.55, 0.475, 0.024, 0.05, (236, 156, 52))


def penguin(on: Canvas) -> None:
    """A penguin on its own."""
    on.sky((128, 188, 226), (190, 222, 240), (232, 242, 246))
    on.ridge(0.5, 0.03, (176, 208, 228), (214, 232, 242))
    on.ground(0.63, (236, 244, 250), (196, 220, 236))
    on.ball(0.5, 0.95, 0.3, 0.045, (150, 180, 204), flat=0.8, shine=0)
    coat = (38, 42, 54)
    for side in (-1, 1):
        on.ball(0.5 + side * 0.185, 0.64, 0.06, 0.2, coat, turn=side * -24)
        on.ball(0.5 + side * 0.075, 0.945, 0.085, 0.03, (240, 152, 40))
    on.ball(0.5, 0.63, 0.235, 0.31, coat)
    on.ball(0.5, 0.69, 0.17, 0.24, (246, 248, 250), shine=0.05)
    on.ball(0.5, 0.33, 0.165, 0.155, coat)
    for side in (-1, 1):
        on.ball(0.5 + side * 0.048, 0.36, 0.075, 0.085, (246, 248, 250), shine=0)
        on.eye(0.5 + side * 0.052, 0.33, 0.034, look=(0.2, 0.1))
    on.ball(0.5, 0.395, 0.05, 0.028, (244, 160, 48))


def mountains(on: Canvas) -> None:
    """Nothing but hills."""
    on.sky((250, 150, 92), (252, 196, 128), (252, 226, 176))
    on.glow(0.66, 0.42, 0.3, (90, 70, 30))
    on.ball(0.66, 0.42, 0.07, 0.07, (255, 244, 206), flat=1, shine=0)
    haze = (244, 190, 140)
    for k, level in enumerate((0.48, 0.58, 0.7, 0.83)):
        dark = np.array((168, 110, 116)) * (1 - k * 0.22)
        on.ridge(level, 0.05, tuple(dark), haze if k < 3 else (60, 36, 44))


def astronaut(on: Canvas) -> None:
    """Somebody on the moon, the earth behind."""
    on.sky((4, 5, 12), (10, 12, 24), (18, 20, 34))
    on.stars(200, 0.8)
    on.glow(0.2, 0.27, 0.24, (20, 44, 80))
    on.ball(0.2, 0.27, 0.15, 0.15, (56, 120, 206))
    on.ball(0.175, 0.23, 0.07, 0.045, (92, 160, 96), turn=30, shine=0)
    on.ball(0.235, 0.31, 0.05, 0.06, (92, 160, 96), shine=0)
    on.ridge(0.78, 0.02, (150, 150, 154), (96, 96, 102))
    for _ in range(7):
        x, y = on.rng.uniform(0, 1), on.rng.uniform(0.85, 0.98)
        size = on.rng.uniform(0.02, 0.05)
        on.ball(float(x), float(y), float(size), float(size) * 0.35, (104, 104, 110), flat=0.5)
    suit = (228, 230, 236)
    on.box(0.5, 0.42, 0.72, 0.72, (140, 146, 158))
    for side in (-1, 1):
        on.ball(0.61 + side * 0.058, 0.82, 0.062, 0.13, suit)
        on.ball(0.61 + side * 0.145, 0.56, 0.056, 0.15, suit, turn=side * -28)
    on.ball(0.61, 0.6, 0.155, 0.19, suit)
    on.box(0.575, 0.57, 0.645, 0.64, (70, 96, 150))
    on.ball(0.61, 0.34, 0.145, 0.14, suit)
    on.ball(0.605, 0.345, 0.112, 0.098, (58, 44, 30), shine=0.9)
    on.ball(0.575, 0.315, 0.034, 0.02, (250, 206, 120), flat=0.8, turn=-30)


def coffee(on: Canvas) -> None:
    """A cup, and another one."""
    on.sky((206, 168, 126), (222, 190, 150), (186, 142, 104))
    for _ in range(22):
        x, y = on.rng.uniform(0, 1), on.rng.uniform(0.05, 0.5)
        on.glow(float(x), float(y), float(on.rng.uniform(0.03, 0.08)), (46, 36, 18))
    on.ground(0.72, (92, 56, 38), (134, 88, 60))
    for x, size, colour in ((0.72, 0.75, (96, 136, 150)), (0.4, 1.1, (238, 236, 230))):
        top, r = 0.52 - 0.1 * (size - 0.75), 0.2 * size
        on.ball(x + 0.14 * size, top + 0.16 * size, 0.1 * size, 0.1 * size, colour)
        on.ball(x + 0.14 * size, top + 0.16 * size, 0.06 * size, 0.06 * size, (140, 96, 66), flat=1)
        on.ball(x, top + 0.32 * size, r * 0.86, 0.07 * size, (60, 36, 24), flat=0.9, shine=0)
        half = r * HEIGHT / WIDTH
        on.box(x - half, top, x + half, top + 0.3 * size, colour)
        on.ball(x, top + 0.3 * size, r, 0.06 * size, tuple(0.82 * c for c in colour), flat=0.8)
        on.ball(x, top, r, 0.06 * size, colour, flat=0.8, shine=0)
        on.ball(x, top + 0.006, r * 0.9, 0.05 * size, (66, 38, 22), flat=0.7, shine=0.2)
        for wisp in range(9):
            sway = 0.02 * math.sin(wisp * 1.1 + x * 9)
            on.glow(x + sway, top - 0.05 - wisp * 0.03, 0.035, (70, 66, 60), 0.35)


def ufo(on: Canvas) -> None:
    """Visitors, and a cow."""
    on.sky((12, 20, 42), (36, 52, 84), (84, 96, 110))
    on.stars(130, 0.6)
    on.ridge(0.72, 0.03, (34, 60, 48), (20, 36, 30))
    centre = (0.55 + on.shift) * WIDTH / HEIGHT
    spread = 0.05 + 0.34 * np.clip(on.y - 0.3, 0, 1)
    beam = np.clip(1 - np.abs(on.x - centre) / spread, 0, 1) * (on.y > 0.3) * (on.y < 0.92)
    on.pixels += (beam**0.6)[..., None] * np.array((120, 150, 80)) * 0.75
    on.ball(0.55, 0.22, 0.12, 0.11, (150, 214, 226))
    on.ball(0.55, 0.28, 0.29, 0.075, (150, 156, 168))
    for lamp in range(-3, 4):
        on.ball(0.55 + lamp * 0.055, 0.305, 0.016, 0.014, (255, 226, 120), flat=0.9)
    hide = (244, 242, 238)
    on.ball(0.55, 0.66, 0.12, 0.07, hide, turn=-10)
    on.ball(0.53, 0.645, 0.04, 0.035, (48, 44, 46), turn=30)
    on.ball(0.59, 0.67, 0.03, 0.03, (48, 44, 46))
    for k, x in enumerate((0.49, 0.52, 0.585, 0.615)):
        on.ball(x, 0.74, 0.014, 0.06, hide, turn=12 - 8 * k)
    on.ball(0.45, 0.615, 0.05, 0.045, hide)
    on.ball(0.432, 0.635, 0.03, 0.024, (238, 176, 170))
    on.eye(0.452, 0.6, 0.014)


def dog(on: Canvas) -> None:
    """A dog in a meadow that heard its name."""
    on.sky((118, 186, 236), (186, 220, 240), (226, 236, 226))
    on.ridge(0.56, 0.04, (120, 168, 96), (150, 190, 110))
    on.ground(0.7, (84, 142, 62), (132, 178, 92))
    for _ in range(40):
        x, y = on.rng.uniform(0, 1), on.rng.uniform(0.72, 0.98)
        on.ball(float(x), float(y), 0.008, 0.008, (250, 232, 120), flat=0.8)
    coat, dark = (214, 170, 110), (146, 98, 54)
    on.ball(0.5, 0.9, 0.24, 0.3, coat)
    on.ball(0.5, 0.95, 0.13, 0.22, (244, 232, 210), shine=0)
    on.ball(0.5, 0.47, 0.22, 0.21, coat)
    for side in (-1, 1):
        on.ball(0.5 + side * 0.165, 0.45, 0.065, 0.17, dark, turn=side * -14)
        on.eye(0.5 + side * 0.07, 0.42, 0.045, look=(0, -0.1))
    on.ball(0.5, 0.56, 0.12, 0.095, (244, 232, 210), shine=0.05)
    on.ball(0.505, 0.645, 0.045, 0.065, (232, 104, 118))
    on.ball(0.5, 0.59, 0.075, 0.03, (244, 232, 210), shine=0)
    on.ball(0.5, 0.515, 0.045, 0.032, (34, 30, 32), shine=0.8)


def goldfish(on: Canvas) -> None:
    """A fish in its bowl."""
    on.sky((236, 214, 190), (244, 228, 206), (228, 202, 172))
    on.ground(0.82, (150, 104, 70), (186, 136, 96))
    on.ball(0.5, 0.86, 0.3, 0.04, (110, 74, 50), flat=0.9, shine=0)
    on.ball(0.5, 0.56, 0.38, 0.33, (168, 216, 232), flat=0.7, shine=0.5)
    on.ball(0.5, 0.3, 0.22, 0.035, (214, 238, 246), flat=0.9, shine=0)
    for _ in range(60):
        x, y = on.rng.normal(0.5, 0.09), on.rng.uniform(0.81, 0.85)
        shade = on.rng.uniform(0.6, 1)
        on.ball(float(x), float(y), 0.014, 0.01, (200 * shade, 170 * shade, 150 * shade))
    gold = (246, 138, 36)
    for turn, y in ((-34, 0.5), (34, 0.62)):
        on.ball(0.355, y, 0.085, 0.035, (250, 170, 70), turn=turn)
    on.ball(0.5, 0.46, 0.07, 0.05, (250, 170, 70), turn=10)
    on.ball(0.5, 0.56, 0.155, 0.105, gold)
    on.eye(0.575, 0.53, 0.038, look=(0.3, 0))
    on.ball(0.61, 0.585, 0.014, 0.018, (170, 70, 20), shine=0)
    for k in range(4):
        on.ball(0.64 + 0.012 * (k % 2), 0.48 - k * 0.05, 0.012, 0.012, (226, 246, 252), shine=0.8)


def chart(on: Canvas) -> None:
    """A curve that goes the wrong way."""
    on.sky((250, 250, 248), (246, 246, 242), (240, 240, 236))
    for k in range(1, 8):
        on.box(-0.1, 0.1 + k * 0.1, 1.1, 0.102 + k * 0.1, (220, 222, 226))
    on.box(0.09, 0.16, 0.094, 0.86, (70, 74, 84))
    on.box(0.09, 0.858, 0.95, 0.862, (70, 74, 84))
    falls = float(on.rng.uniform(0.45, 0.6))
    for step in range(420):
        share = step / 420
        level = (
            0.7 - 0.42 * share / falls if share < falls else min(0.28 + (share - falls) * 6, 0.83)
        )
        wobble = 0.012 * math.sin(share * 70) + 0.008 * float(on.rng.normal())
        colour = (44, 130, 88) if share < falls else (206, 48, 48)
        on.ball(0.1 + 0.82 * share, level + wobble, 0.009, 0.009, colour, flat=0.9, shine=0)


def friends(on: Canvas) -> None:
    """Two who had a good day: made up, like everything here."""
    on.sky((118, 186, 236), (186, 220, 240), (226, 236, 226))
    _person(on, 0.32, 0.45, 0.3, (226, 178, 148), (70, 44, 28))
    _person(on, 0.7, 0.47, 0.28, (206, 156, 124), (36, 26, 24))


def _person(on: Canvas, x: float, y: float, size: float, skin: Colour, hair: Colour) -> None:
    """Head and shoulders. All that follows is in shares of the size."""
    dark, bright = np.array(skin) * 0.72, np.minimum(np.array(skin) * 1.07, 255)

    def put(
        dx: float, dy: float, rx: float, ry: float, colour: Any, *, turn: float = 0,
        flat: float = 0, shine: float = 0,
    ) -> None:  # fmt: skip
        across = x + dx * size * HEIGHT / WIDTH
        on.ball(
            across, y + dy * size, rx * size, ry * size, colour, turn=turn, flat=flat, shine=shine
        )

    put(0, -0.05, 0.56, 0.78, hair, shine=0.1)
    put(0, 0.75, 0.28, 0.35, dark)
    put(0, 1.25, 0.95, 0.45, (60, 90, 150), shine=0.05)
    for side in (-1, 1):
        put(side * 0.5, 0.05, 0.09, 0.16, dark)
    put(0, 0.03, 0.5, 0.67, skin, flat=0.35, shine=0.05)
    put(0, -0.47, 0.46, 0.24, hair, shine=0.1)
    for side in (-1, 1):
        put(side * 0.2, -0.06, 0.13, 0.085, dark, flat=0.9)
        put(side * 0.2, -0.055, 0.09, 0.034, (245, 242, 238), flat=0.8)
        put(side * 0.2, -0.055, 0.036, 0.036, (70, 45, 30), flat=1)
        put(side * 0.2, -0.055, 0.02, 0.02, (10, 8, 8), flat=1)
        put(side * 0.2, -0.088, 0.11, 0.016, (50, 30, 20), flat=1)
        put(side * 0.2, -0.165, 0.14, 0.026, hair, turn=side * 4, flat=0.8)
        put(side * 0.29, 0.13, 0.12, 0.09, bright, flat=0.3, shine=0.1)
    put(0, 0.1, 0.055, 0.17, bright, flat=0.3, shine=0.15)
    put(0, 0.2, 0.1, 0.055, skin, flat=0.1, shine=0.1)
    for side in (-1, 1):
        put(side * 0.045, 0.225, 0.025, 0.015, np.array(skin) * 0.45, flat=1)
        put(side * 0.36, 0.22, 0.018, 0.07, dark, turn=-side * 35, flat=0.9)
    on.smile(x, y + 0.25 * size, 0.34 * size, 0.17 * size, (176, 80, 76))
    on.smile(x, y + 0.265 * size, 0.3 * size, 0.12 * size, (250, 248, 244))


SCENES: dict[str, Callable[[Canvas], None]] = {
    scene.__name__: scene
    for scene in (
        cat,
        owl,
        penguin,
        mountains,
        astronaut,
        coffee,
        ufo,
        dog,
        goldfish,
        chart,
        friends,
    )
}


def meme(scene: str, top: str, bottom: str, font: Path, seed: int = 0) -> bytes:
    """A JPEG file of 640 × 480 pixels: a scene with a line of text above and one below."""
    on = Canvas(seed)
    SCENES[scene](on)
    picture = on.picture()
    if seed % 2 and scene != "chart":
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    picture = picture.filter(ImageFilter.UnsharpMask(2, 40))
    _line(picture, top.upper(), font, above=True)
    _line(picture, bottom.upper(), font, above=False)
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=88)
    return file.getvalue()


def _line(picture: Image.Image, text: str, font: Path, *, above: bool) -> None:
    if not text:
        return
    size = 62
    while (face := ImageFont.truetype(str(font), size)).getlength(text) > WIDTH - 36:
        size -= 2
    ImageDraw.Draw(picture).text(
        (WIDTH / 2, 12 if above else HEIGHT - 14), text, font=face, fill="white",
        stroke_width=max(size // 14, 2), stroke_fill="black", anchor="ma" if above else "md",
    )  # fmt: skip
