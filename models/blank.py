"""Whether an image holds a picture at all."""

import numpy as np
from numpy.typing import NDArray

#: A picture whose colours vary less than this (standard deviation of each channel over the
#: picture, 0 to 255) looks like one colour. Of 12,945 real pictures (1,908 memes, 11,037 photos
#: and graphics) the plainest has 7.8, the plainest meme 17.
LEAST_SPREAD = 4.0
#: Fewer pixels than this in one direction show nothing; the narrowest real picture had 86.
LEAST_SIDE = 8
#: So many times as long as wide is a strip; the longest real picture was 5 times.
MOST_STRETCHED = 50


def is_blank(tensor: NDArray[np.float32], width: int, height: int) -> bool:
    """Whether there is nothing to see in an image: one colour, or hardly a pixel in one direction.

    Args:
        tensor: the backbone's input, float32 [side, side, 3] in [-1, 1].
        width: of the file, pixels.
        height: the same.
    """
    short, long = sorted((width, height))
    if short < LEAST_SIDE or long >= MOST_STRETCHED * short:
        return True
    spread = tensor.reshape(-1, tensor.shape[-1]).std(axis=0).max() * 127.5
    return bool(spread < LEAST_SPREAD)
