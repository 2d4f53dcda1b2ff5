"""The picture of a digest: small, and without whatever else the file of a post holds."""

import io
from typing import Final

from PIL import Image

#: Longest side at most, pixels.
LONGEST: Final = 640


def small_picture(pixels: Image.Image) -> bytes:
    """A small JPEG of an image's pixels, RGB."""
    small = pixels.copy()
    small.thumbnail((LONGEST, LONGEST), Image.Resampling.BILINEAR)
    out = io.BytesIO()
    small.save(out, "JPEG", quality=82)
    return out.getvalue()
