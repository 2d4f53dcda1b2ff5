"""The two pictures of a duel beside each other."""

import io

from PIL import Image, ImageOps

#: Sides of the square that each picture is fitted into, and what is left between, pixels.
_SIDE, _BETWEEN = 300, 12
_GROUND = (43, 45, 49)


def duel_picture(first: bytes, second: bytes) -> bytes | None:
    """A small JPEG of two images that were made safe before; None where one cannot be read."""
    sheet = Image.new("RGB", (2 * _SIDE + _BETWEEN, _SIDE), _GROUND)
    try:
        for number, data in enumerate((first, second)):
            with Image.open(io.BytesIO(data)) as image:
                # JPEG files are decoded at a fraction of their size.
                image.draft("RGB", (_SIDE, _SIDE))
                small = ImageOps.exif_transpose(image).convert("RGB")
                small.thumbnail((_SIDE, _SIDE))
                left = number * (_SIDE + _BETWEEN) + (_SIDE - small.width) // 2
                sheet.paste(small, (left, (_SIDE - small.height) // 2))
    except (OSError, ValueError, Image.DecompressionBombError):
        return None
    out = io.BytesIO()
    # A new picture: nothing of what cameras write goes with it.
    sheet.save(out, "JPEG", quality=82)
    return out.getvalue()
