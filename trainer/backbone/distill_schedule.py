"""Learning rate and image size by the share of the time that is over."""

from __future__ import annotations

import math

# The first half of the time goes to images of three quarters of the side: early steps teach the
# first layers, for which 96 px say as much as 128 px at half the price.
SMALL_SHARE = 0.5


def learning_rate_share(done: float, warm_up: float) -> float:
    """Linear warm-up, then a cosine from 1 to 0; `done` is the share of the time in [0, 1]."""
    if done < warm_up:
        return max(done, warm_up / 20) / warm_up
    return 0.5 + 0.5 * math.cos(math.pi * (done - warm_up) / (1 - warm_up))


def size_at(done: float, size: int) -> int:
    """Side in px of the training images when `done` of the time is over: small first."""
    return size if done >= SMALL_SHARE else max(32, 32 * round(size * 0.75 / 32))
