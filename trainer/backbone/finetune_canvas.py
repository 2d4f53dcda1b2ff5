"""What the network is shown of a picture: cropped, mirrored, coloured."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from models.decoding import ImageRefused, decode

#: An image is squashed to so many times the side that the network sees of it.
MARGIN = 256 / 224


def canvas(path: Path, side: int) -> NDArray[np.uint8] | None:
    """An image squashed to a square a little larger than ``side``, uint8; None if undecodable."""
    size = round(side * MARGIN)
    try:
        decoded = decode(path.read_bytes(), size=size)
    except (ImageRefused, OSError):
        return None
    return np.asarray(decoded.pixels.resize((size, size), Pillow.Resampling.BILINEAR))


def augmented(image: NDArray[np.uint8], side: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """A random crop, perhaps mirrored, brightness, contrast and colour changed at random.

    Args:
        image: uint8 [larger, larger, 3] from `canvas`.
        side: of the crop, px.
        rng: draws the changes.

    Returns:
        float32 [side, side, 3] in [-1, 1].
    """
    top, left = rng.integers(0, len(image) - side + 1, 2)
    crop = image[top : top + side, left : left + side].astype(np.float32) / 127.5 - 1
    if rng.random() < 0.5:
        crop = crop[:, ::-1]
    crop = crop * rng.uniform(0.8, 1.2) + rng.uniform(-0.15, 0.15)
    return np.clip(crop * rng.uniform(0.92, 1.08, 3), -1, 1).astype(np.float32)


def whole(image: NDArray[np.uint8], side: int) -> NDArray[np.float32]:
    """The whole image as when serving: float32 [side, side, 3] in [-1, 1]."""
    small = Pillow.fromarray(image).resize((side, side), Pillow.Resampling.BILINEAR)
    return np.asarray(small, np.float32) / 127.5 - 1
