"""The seven expressions, and how a face is put before the network that tells them."""

import numpy as np
from numpy.typing import NDArray

#: In the order of the network's output.
EXPRESSIONS = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")
#: Side of the square grey face that the network reads, pixels.
FACE_SIZE = 48
#: Least spread that is divided by, of grey in [0, 1]: a blank face stays blank.
_LEAST_SPREAD = 1e-2


def standardise(squares: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Grey squares with mean 0 and spread 1 each, so that exposure and contrast tell nothing.

    Args:
        squares: uint8[n, side, side].

    Returns:
        float32[n, side, side, 1].
    """
    grey = squares[..., np.newaxis].astype(np.float32) / 255
    mean = grey.mean(axis=(1, 2, 3), keepdims=True)
    spread = grey.std(axis=(1, 2, 3), keepdims=True)
    found: NDArray[np.float32] = (grey - mean) / np.maximum(spread, _LEAST_SPREAD)
    return found
