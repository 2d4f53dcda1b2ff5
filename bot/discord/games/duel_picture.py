"""The two pictures of a duel beside each other."""

import io

from PIL import Image, ImageOps

#: Sides of the square that each picture is fitted into, and what is left between, pixels.
_SIDE, _BETWEEN = 300, 12
_GROUND = (43, 45, 49)


def duel_picture(first: bytes, second: bytes) -> bytes | None:
    """A small JPEG of two images that were made safe before; None where one cannot be read."""
    try:
        both = [_small(data) for data in (first, second)]
    except (OSError, ValueError, Image.DecompressionBombError):
        return None
    height = max(each.height for each in both)
    sheet = Image.new("RGB", (2 * _SIDE + _BETWEEN, height), _GROUND)
    for number, each in enumerate(both):
        left = number * (_SIDE + _BETWEEN) + (_SIDE - each.width) // 2
        sheet.paste(each, (left, (height - each.height) // 2))
    out = io.BytesIO()
    # A new picture: nothing of what cameras write goes with it.
    sheet.save(out, "JPEG", quality=82)
    return out.getvalue()


def _small(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data)) as image:
        # JPEG files are decoded at a fraction of their size.
        image.draft("RGB", (_SIDE, _SIDE))
        small = ImageOps.exif_transpose(image).convert("RGB")
        small.thumbnail((_SIDE, _SIDE))
        return small
