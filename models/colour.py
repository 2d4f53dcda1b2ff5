"""What a colour profile says of a picture's colours, as sRGB: the colours that backbones know."""

import io
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageCms

from models.image_headers.container import MAX_PROFILE

#: Converts a strip of a picture, in the mode that the profile is for, to RGB.
ToSrgb = Callable[[Image.Image], Image.Image]

#: Pillow's modes of the kinds of profiles.
_MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}
#: Modes of pictures in grey.
_GREYS = frozenset({"1", "L", "LA", "I;16", "I;16B"})
#: Levels by which a colour may move before a profile counts as another than sRGB.
_SAME = 3


def srgb_conversion(profile: bytes, mode: str) -> tuple[str, ToSrgb] | None:
    """The mode that a picture is converted from by its profile, and how.

    Args:
        profile: ICC, as it stands in the file. One that is damaged, is for another kind of picture
            or says that colours are sRGB changes nothing.
        mode: of the picture, as Pillow decoded it.

    Returns None where nothing is to be converted.
    """
    if not 0 < len(profile) <= MAX_PROFILE:
        return None
    try:
        described = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        wanted = _MODES.get(described.profile.xcolor_space.strip())
        if wanted is None or not _fits(wanted, mode):
            return None
        transform = ImageCms.buildTransform(
            described,
            ImageCms.createProfile("sRGB"),
            wanted,
            "RGB",
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
        if wanted != "CMYK" and _changes_nothing(transform, wanted):
            return None
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        # A picture whose profile nobody can read has its colours all the same.
        return None
    return wanted, transform.apply


def _fits(wanted: str, mode: str) -> bool:
    if wanted == "CMYK" or mode == "CMYK":
        return wanted == mode
    return wanted == "RGB" or mode in _GREYS


def _changes_nothing(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    steps = np.linspace(0, 255, 9).round().astype(np.uint8)
    grid = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(27, 27, 3)
    colours = Image.fromarray(grid[..., 0] if mode == "L" else grid)
    before = np.asarray(colours.convert("RGB"), np.int16)
    after = np.asarray(transform.apply(colours), np.int16)
    return bool(np.abs(after - before).max() <= _SAME)
