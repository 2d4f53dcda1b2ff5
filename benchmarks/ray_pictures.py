"""Pictures for what runs on a cluster."""

import io

import numpy as np
from PIL import Image


def pictures(count: int) -> list[bytes]:
    """JPEG files of 480 by 360 pixels, all different."""
    rng = np.random.default_rng(1)
    found = []
    for _ in range(count):
        rough = Image.fromarray(rng.integers(0, 255, (12, 16, 3), np.uint8))
        file = io.BytesIO()
        rough.resize((480, 360), Image.Resampling.BICUBIC).save(file, "JPEG", quality=85)
        found.append(file.getvalue())
    return found
