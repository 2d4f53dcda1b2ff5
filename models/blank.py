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
#: In noise neighbouring pixels have nothing to do with each other: the correlation of their
#: brightness is 0, and 0.25 where a larger picture of noise was made smaller. Of 5,300 real
#: pictures (1,908 memes, photos, graphics, faces) the roughest has 0.71.
LEAST_LIKENESS = 0.4


def is_blank(tensor: NDArray[np.float32], width: int, height: int) -> bool:
    """Whether there is nothing to see in an image: one colour, noise, or hardly a line.

    Args:
        tensor: the backbone's input, float32 [side, side, 3] in [-1, 1].
        width: of the file, pixels.
        height: the same.
    """
    short, long = sorted((width, height))
    if short < LEAST_SIDE or long >= MOST_STRETCHED * short:
        return True
    # Channel by channel: along the last axis NumPy takes ten times as long.
    red, green, blue = np.ascontiguousarray(tensor.transpose(2, 0, 1))
    spread = max(each.std() for each in (red, green, blue)) * 127.5
    return bool(spread < LEAST_SPREAD) or _is_noise((red + green + blue) / 3)


def _is_noise(brightness: NDArray[np.float32]) -> bool:
    """Whether pixels are unlike their neighbours in both directions; lines are in one."""
    right = _correlation(brightness[:, 1:], brightness[:, :-1])
    below = _correlation(brightness[1:], brightness[:-1])
    return bool(np.maximum(right, below) < LEAST_LIKENESS)


def _correlation(one: NDArray[np.float32], other: NDArray[np.float32]) -> np.float32:
    """Of two pictures, pixel by pixel, -1 to 1; not a number where one of them does not vary."""
    a, b = (one - one.mean()).ravel(), (other - other.mean()).ravel()
    # `numpy.corrcoef` is twenty times as slow: it works on copies in float64.
    with np.errstate(divide="ignore", invalid="ignore"):
        found: np.float32 = a @ b / np.sqrt((a @ a) * (b @ b))
    return found
