"""The linear part of a head: every group adds to where a post is expected, and how surely.

The logit of bin k is ``b_k + u · t_k + v · (t_k² - 1)``: ``u`` moves the distribution up or down
the ordered bins, ``v`` widens or narrows it, and both are linear in the encoded groups. The most
probable such map under a normal prior is one point of a convex function, so that there is nothing
to stop early and no seed to draw; how far a group is trusted is how it is scaled (`Recipe`).
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from models.distribution import BINS
from models.head import GROUPS, Member

Floats = NDArray[np.float32]
Numbers = NDArray[np.float64]
Objective = Callable[[Numbers], tuple[float, Numbers]]

#: Fitted on at most so many posts, spread evenly: more would not move so few numbers.
MAX_ROWS = 20_000

_MAX_STEPS = 300
_MEMORY = 10

_PLACE = (np.arange(BINS) - (BINS - 1) / 2) / np.std(np.arange(BINS))
#: How place and width enter the logits: float64 [2, 10].
STATISTICS: Numbers = np.stack([_PLACE, _PLACE**2 - 1])


def fit_linear(encoded: Mapping[str, Floats], targets: Numbers, *, penalty: float) -> Member:
    """Fit the linear part.

    It is not shown posts with sources hidden, as the network is: a missing source shifts its
    prediction by no more than what the source's columns are worth, and the copies cost rank
    correlation (0.01 by folds).

    Args:
        encoded: encoded groups, each [n, width].
        targets: soft bins, float64 [n, 10].
        penalty: precision of the prior: half of it times the squared weights is added to the sum
            of the log losses.
    """
    rows = np.linspace(0, len(targets) - 1, min(len(targets), MAX_ROWS)).astype(np.intp)
    groups = {group: encoded[group][rows] for group in GROUPS}
    inputs, wanted = _joined(groups), targets[rows]
    width = inputs.shape[1]

    def objective(point: Numbers) -> tuple[float, Numbers]:
        slopes = point[BINS:].reshape(width, 2)
        logits = point[:BINS] + (inputs @ slopes) @ STATISTICS
        logits -= logits.max(axis=1, keepdims=True)
        powers = np.exp(logits)
        totals = powers.sum(axis=1, keepdims=True)
        lost = -(wanted * (logits - np.log(totals))).sum()
        errors = powers / totals - wanted
        gradient = inputs.T @ (errors @ STATISTICS.T) + penalty * slopes
        value = float(lost) + penalty / 2 * float((slopes**2).sum())
        return value, np.concatenate([errors.sum(axis=0), gradient.ravel()])

    point = minimise(objective, np.zeros(BINS + 2 * width))
    return _member(point[:BINS], point[BINS:].reshape(width, 2), groups)


def _joined(groups: Mapping[str, Floats]) -> Numbers:
    return np.concatenate([groups[group] for group in GROUPS], axis=1).astype(np.float64)


def _member(bias: Numbers, slopes: Numbers, groups: Mapping[str, Floats]) -> Member:
    """As a head's member: a number is the difference of two rectified ones."""
    hidden, start = [], 0
    for group in GROUPS:
        kernel = slopes[start : start + groups[group].shape[1]]
        start += len(kernel)
        both = np.concatenate([kernel, -kernel], axis=1).astype(np.float32)
        hidden.append((both, np.zeros(both.shape[1], np.float32)))
    out = np.tile(np.concatenate([STATISTICS, -STATISTICS]), (len(GROUPS), 1))
    return Member(tuple(hidden), (out.astype(np.float32), bias.astype(np.float32)))


def minimise(objective: Objective, start: Numbers) -> Numbers:
    """The minimum of a smooth convex function, by L-BFGS.

    Args:
        objective: value and gradient at a point.
        start: where to begin.

    Returns:
        A point where the gradient has vanished but for rounding, or the last one reached.
    """
    point, (value, gradient) = start, objective(start)
    tolerance = 1e-6 * max(1.0, float(np.linalg.norm(gradient)))
    moves: list[tuple[Numbers, Numbers]] = []
    for _ in range(_MAX_STEPS):
        if not np.linalg.norm(gradient) > tolerance:
            break
        direction = -_scaled(gradient, moves)
        slope, step = float(direction @ gradient), 1.0
        while True:
            reached = point + step * direction
            found, its_gradient = objective(reached)
            if found <= value + 1e-4 * step * slope or step < 1e-12:
                break
            step /= 2
        if not found < value:
            break
        change = (reached - point, its_gradient - gradient)
        if change[0] @ change[1] > 0:
            moves = [*moves[-_MEMORY + 1 :], change]
        point, value, gradient = reached, found, its_gradient
    return point


def _scaled(gradient: Numbers, moves: Sequence[tuple[Numbers, Numbers]]) -> Numbers:
    """The gradient divided by the curvature that the last moves have shown."""
    scaled = gradient.copy()
    shares = []
    for move, change in reversed(moves):
        share = float(move @ scaled) / float(move @ change)
        shares.append(share)
        scaled -= share * change
    if moves:
        move, change = moves[-1]
        scaled *= float(move @ change) / float(change @ change)
    else:
        scaled /= max(1.0, float(np.linalg.norm(gradient)))
    for (move, change), share in zip(moves, reversed(shares), strict=True):
        scaled += (share - float(change @ scaled) / float(move @ change)) * move
    return scaled
