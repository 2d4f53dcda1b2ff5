"""The two pictures of a duel beside each other."""

import io
from typing import Final

from PIL import Image

#: Side of the square that each picture is fitted into, pixels.
SIDE: Final = 300
#: What is left between, pixels.
_BETWEEN = 12
_GROUND = (43, 45, 49)


def duel_picture(first: Image.Image, second: Image.Image) -> bytes:
    """A small JPEG of two images, given as pixels, RGB."""
    both = [each.copy() for each in (first, second)]
    for each in both:
        each.thumbnail((SIDE, SIDE))
    height = max(each.height for each in both)
    sheet = Image.new("RGB", (2 * SIDE + _BETWEEN, height), _GROUND)
    for number, each in enumerate(both):
        left = number * (SIDE + _BETWEEN) + (SIDE - each.width) // 2
        sheet.paste(each, (left, (height - each.height) // 2))
    out = io.BytesIO()
    # A new picture: nothing of what cameras write goes with it.
    sheet.save(out, "JPEG", quality=82)
    return out.getvalue()
