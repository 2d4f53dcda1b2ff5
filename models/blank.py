"""Whether an image holds a picture at all."""

import math

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
    red, green, blue = (tensor.reshape(-1)[channel::3] for channel in range(3))
    brightness = red + green
    brightness += blue
    brightness /= 3
    brightness -= brightness.mean()
    # One channel at least varies as much as their mean does, and that of most pictures is enough.
    spread = _spread(brightness)
    if spread < LEAST_SPREAD:
        spread = max(_spread(each - each.mean()) for each in (red, green, blue))
    return spread < LEAST_SPREAD or _is_noise(brightness.reshape(tensor.shape[:2]))


def _spread(centred: NDArray[np.float32]) -> float:
    """Standard deviation, 0 to 255, of numbers with a mean of 0."""
    return math.sqrt(centred @ centred / centred.size) * 127.5


def _is_noise(brightness: NDArray[np.float32]) -> bool:
    """Whether pixels are unlike their neighbours in both directions; lines are in one.

    Args:
        brightness: float32 [side, side], with a mean of 0.
    """
    flat, row = brightness.ravel(), brightness.shape[1]
    left, right = brightness[:, 0], brightness[:, -1]
    # The last of a row and the first of the next are no neighbours.
    beside = float(flat[1:] @ flat[:-1] - right[:-1] @ left[1:])
    below = float(flat[row:] @ flat[:-row])
    squares = float(flat @ flat)
    return (
        _correlation(beside, squares, left, right) < LEAST_LIKENESS
        and _correlation(below, squares, brightness[0], brightness[-1]) < LEAST_LIKENESS
    )


def _correlation(
    products: float,
    squares: float,
    first: NDArray[np.float32],
    last: NDArray[np.float32],
) -> float:
    """Of pixels and their neighbours, -1 to 1; 1 where one of the two does not vary.

    Args:
        products: the sum of each pixel times its neighbour.
        squares: of all pixels, whose sum is 0, the sum of their squares.
        first: those of an edge, which are nobody's neighbour.
        last: those of the other edge, which have none.
    """
    pairs = first.size * (first.size - 1)
    # What all but an edge sum to, and how much they vary.
    sums = [-float(edge.sum()) for edge in (last, first)]
    varied = [
        squares - float(edge @ edge) - total**2 / pairs
        for edge, total in zip((last, first), sums, strict=True)
    ]
    if min(varied) <= 0:
        return 1.0
    return (products - sums[0] * sums[1] / pairs) / math.sqrt(varied[0] * varied[1])
