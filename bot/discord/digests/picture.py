"""The picture of a digest: small, and without whatever else the file of a post holds."""

import io

from PIL import Image, ImageOps

#: Longest side at most, pixels, and for how small a one JPEG files are decoded at a fraction of
#: their size. What lies between is not made smaller again, which costs more than all the rest.
_LONGEST, _DECODED = 640, 480


def small_picture(data: bytes) -> bytes | None:
    """A small JPEG of an image that was made safe before; None where it cannot be read any more."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            image.draft("RGB", (_DECODED, _DECODED))
            small = ImageOps.exif_transpose(image).convert("RGB")
            small.thumbnail((_LONGEST, _LONGEST), Image.Resampling.BILINEAR)
            out = io.BytesIO()
            # A new picture: nothing of what cameras write goes with it.
            Image.frombytes("RGB", small.size, small.tobytes()).save(out, "JPEG", quality=82)
    except (OSError, ValueError, Image.DecompressionBombError):
        return None
    return out.getvalue()
