"""The scenes of made-up memes, a function each."""

import math
from collections.abc import Callable

import numpy as np

from bot.simulation.canvas import Canvas
from bot.simulation.memes import Scene


def _landscape(on: Canvas) -> None:
    on.disc(on.uniform(0.1, 0.9), on.uniform(0.1, 0.4), on.uniform(0.06, 0.16), on.colour())
    for ground in (0.45, 0.6, 0.75):
        heights = [ground + on.uniform(-0.15, 0.12) for _ in range(6)]
        ridge = [(k / 5, height) for k, height in enumerate(heights)]
        on.shape([(0, 1), *ridge, (1, 1)], on.colour())


def _face(on: Canvas) -> None:
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


def _cat(on: Canvas) -> None:
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


def _chart(on: Canvas) -> None:
    on.box(0.06, 0.08, 0.94, 0.92, (248, 248, 246))
    bars = int(on.rng.integers(4, 9))
    for bar in range(bars):
        left = 0.12 + 0.78 * bar / bars
        on.box(left, 0.88 - on.uniform(0.1, 0.7), left + 0.55 / bars, 0.88, on.colour())
    on.draw.line((*on.point(0.1, 0.12), *on.point(0.1, 0.88)), fill=(40, 40, 40), width=3)
    on.draw.line((*on.point(0.1, 0.88), *on.point(0.92, 0.88)), fill=(40, 40, 40), width=3)


def _panels(on: Canvas) -> None:
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


def _city(on: Canvas) -> None:
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


def _food(on: Canvas) -> None:
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


def _pattern(on: Canvas) -> None:
    for _ in range(int(on.rng.integers(8, 16))):
        x, y = on.uniform(0, 1), on.uniform(0, 1)
        corners = [(x + on.uniform(-0.3, 0.3), y + on.uniform(-0.3, 0.3)) for _ in range(3)]
        on.shape(corners, on.colour())


SCENES: dict[Scene, Callable[[Canvas], None]] = {
    Scene.LANDSCAPE: _landscape, Scene.FACE: _face, Scene.CAT: _cat, Scene.CHART: _chart,
    Scene.PANELS: _panels, Scene.CITY: _city, Scene.FOOD: _food, Scene.PATTERN: _pattern,
}  # fmt: skip
