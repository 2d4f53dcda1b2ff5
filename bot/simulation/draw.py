"""Draws a made-up meme: a scene, stickers over it, and a caption."""

import io
from functools import lru_cache

from PIL import ImageFont

from bot.simulation.canvas import Canvas
from bot.simulation.memes import Meme
from bot.simulation.scenes import SCENES

#: Stickers on a picture that is as full as can be.
_STICKERS = 24


def _stickers(on: Canvas, clutter: float) -> None:
    for _ in range(round(clutter * _STICKERS)):
        x, y, size = on.uniform(0, 1), on.uniform(0, 1), on.uniform(0.02, 0.06)
        if on.rng.random() < 0.5:
            on.disc(x, y, size, on.colour())
        else:
            on.box(x - size, y - size, x + size, y + size, on.colour())


@lru_cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size=size)


def _write(on: Canvas, caption: str) -> None:
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
    on = Canvas(meme)
    SCENES[meme.scene](on)
    _stickers(on, meme.clutter)
    _write(on, meme.caption)
    stream = io.BytesIO()
    on.image.save(stream, meme.format, **({"quality": 85} if meme.format == "JPEG" else {}))
    return stream.getvalue()
