"""Which frame stands for an animation: many begin with one colour, and fade in."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

#: Below this contrast a first frame may be of a picture that is not all there yet. Of 239 memes 7%
#: have less.
DIM: Final = 24.0
#: Below this contrast a picture looks all of one colour.
_PLAIN: Final = 4.0
#: Of an animation's best contrast.
_MOST_OF_IT: Final = 0.7
#: Of the contrast at a fade's end, and how much a fade adds at least.
_ALL_OF_IT: Final = 0.98
_LEAST_FADE: Final = 1.1
#: Frames of one picture: their correlation, and what packing may take from the contrast.
_ALIKE: Final = 0.95
_STEADY: Final = 0.995


def greys(pixels: Image.Image) -> NDArray[np.float64]:
    """A small copy of a picture without its colours, [16, 16], 0 to 255."""
    small = pixels.convert("L").resize((16, 16), Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float64)


def contrast(greys: NDArray[np.float64]) -> float:
    """The deviation of a small copy, 0 to 127."""
    return float(greys.std())


def telling_frame(frames: Sequence[NDArray[np.float64]]) -> int:
    """The number of the frame that tells what an animation shows, from its first ones.

    Where the first frame is plain, the first one counts
    that has most of the contrast that any has; where they all are, the first. A picture that is
    fading in is taken at the end of its fade.
    """
    contrasts = [contrast(frame) for frame in frames]
    if max(contrasts) < _PLAIN:
        return 0
    start = 0
    if contrasts[0] < _PLAIN:
        enough = _MOST_OF_IT * max(contrasts)
        start = next(i for i, found in enumerate(contrasts) if found >= enough)
    end = start
    while end + 1 < len(frames) and _fades_in(frames[end], frames[end + 1]):
        end += 1
    best = max(contrasts[start : end + 1])
    if best < _LEAST_FADE * contrasts[start]:
        return start
    return next(i for i in range(start, end + 1) if contrasts[i] >= _ALL_OF_IT * best)


def _fades_in(earlier: NDArray[np.float64], later: NDArray[np.float64]) -> bool:
    """Whether two frames are of one picture that becomes clearer, or stays."""
    before, after = contrast(earlier), contrast(later)
    if before == 0 or after < _STEADY * before:
        return False
    together = float(((earlier - earlier.mean()) * (later - later.mean())).mean())
    return together >= _ALIKE * before * after
