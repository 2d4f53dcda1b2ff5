"""From a decoded picture to what the backbone sees, and to the hash that finds near-duplicates."""

from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

_HASH_SIDE: Final = 8
_DCT_SIDE: Final = 32
# What a whole factor leaves for the exact resize: so many times the size that is wanted.
_REDUCING_GAP: Final = 3.0
# A flat picture's coefficients are rounding noise of about 1e-11, which must not decide bits.
_DCT_DECIMALS: Final = 6
# Of the sorted coefficients the lower one of the two in the middle.
_MIDDLE: Final = _HASH_SIDE**2 // 2 - 1


def to_input(image: Image.Image, size: int) -> npt.NDArray[np.float32]:
    """The backbone's input: float32 [size, size, 3], RGB in [-1, 1].

    The picture is squashed to a square, not cropped: a caption at the edge of a meme counts. Up to
    four times `size` this is Pillow's antialiased bilinear resize; beyond, it averages first.
    """
    square = _as_rgb(image).resize((size, size), Image.Resampling.BILINEAR, reducing_gap=2.0)
    return np.asarray(square, dtype=np.float32) / np.float32(127.5) - np.float32(1.0)


def perceptual_hash(image: Image.Image) -> str:
    """The 64-bit DCT hash of a picture as 16 hex digits; near-duplicates differ in few bits.

    The `phash` of the ImageHash library, which would bring SciPy into the serving process for one
    small matrix product: bit for bit below six times the 32 pixels that it looks at. Larger
    pictures are averaged first, as in decoding: of 150 memes nine then differed, in two bits.
    """
    grey = _as_rgb(image).convert("L")
    small = grey.resize(
        (_DCT_SIDE, _DCT_SIDE), Image.Resampling.LANCZOS, reducing_gap=_REDUCING_GAP
    )
    pixels = np.asarray(small, dtype=np.float64)
    low = np.round(_COSINES @ pixels @ _COSINES.T, _DCT_DECIMALS)
    # What `numpy.median` gives, which takes ten times as long.
    below, above = np.sort(low, axis=None)[_MIDDLE : _MIDDLE + 2]
    return np.packbits(low > (below + above) / 2).tobytes().hex()


def _cosines() -> npt.NDArray[np.float64]:
    """The first rows of the type II DCT matrix, [_HASH_SIDE, _DCT_SIDE]."""
    frequency = np.arange(_HASH_SIDE)[:, None]
    sample = np.arange(_DCT_SIDE)[None, :]
    return 2.0 * np.cos(np.pi * frequency * (2 * sample + 1) / (2 * _DCT_SIDE))


_COSINES: Final = _cosines()


def _as_rgb(image: Image.Image) -> Image.Image:
    return image if image.mode == "RGB" else image.convert("RGB")
