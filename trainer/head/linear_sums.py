"""The linear part's loss, gradient and curvature: sums over posts, wherever the posts are.

A fit needs nothing of the posts but these sums. So posts may lie in any number of pieces, on any
number of machines: each piece gives its sums, and added in the order of the pieces they are the
same numbers whoever worked them out.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.distribution import BINS
from models.head import GROUPS, softmax

Floats = NDArray[np.float32]
Numbers = NDArray[np.float64]

_PLACE = (np.arange(BINS) - (BINS - 1) / 2) / np.std(np.arange(BINS))
#: How place and width enter the logits: float64 [2, 10].
STATISTICS: Numbers = np.stack([_PLACE, _PLACE**2 - 1])

#: The minimum is reached where the next step would move no weight by more than this.
_STEP = 1e-9
_MAX_STEPS = 50


@dataclass(frozen=True, slots=True)
class Rows:
    """Posts as the linear part sees them.

    Attributes:
        inputs: encoded groups, joined: float64 [n, width].
        wanted: soft bins, float64 [n, 10].
        weights: float64 [n, 1].
    """

    inputs: Numbers
    wanted: Numbers
    weights: Numbers


@dataclass(frozen=True, slots=True)
class Sums:
    """Over some posts: the log loss, and its gradient by 10 biases and 2 slopes an input."""

    loss: float
    gradient: Numbers

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(self.loss + other.loss, self.gradient + other.gradient)


def rows_of(
    groups: Mapping[str, Floats],
    targets: Numbers,
    *,
    stranger: Mapping[str, Floats] | None = None,
    share: float = 0.0,
) -> Rows:
    """Posts as `Rows`; one whose author has a record is there twice (`trainer.head.linear`)."""
    inputs, wanted = _joined(groups), targets
    weights = np.ones((len(wanted), 1))
    if stranger and share > 0:
        hidden = _joined(_hidden(groups, stranger))
        known = (hidden != inputs).any(axis=1)
        inputs, wanted = (
            np.concatenate([inputs, hidden[known]]),
            np.concatenate([wanted, wanted[known]]),
        )
        weights[known] = 1 - share
        weights = np.concatenate([weights, np.full((int(known.sum()), 1), share)])
    return Rows(inputs, wanted, weights)


def sums_of(rows: Rows, point: Numbers) -> Sums:
    """The sums of some posts at a point: float64 [10 + 2 width], biases first."""
    width = rows.inputs.shape[1]
    slopes = point[BINS:].reshape(width, 2)
    logits = point[:BINS] + (rows.inputs @ slopes) @ STATISTICS
    logits -= logits.max(axis=1, keepdims=True)
    powers = np.exp(logits)
    totals = powers.sum(axis=1, keepdims=True)
    lost = -(rows.weights * rows.wanted * (logits - np.log(totals))).sum()
    errors = rows.weights * (powers / totals - rows.wanted)
    gradient = rows.inputs.T @ (errors @ STATISTICS.T)
    return Sums(float(lost), np.concatenate([errors.sum(axis=0), gradient.ravel()]))


def curvature_of(rows: Rows, point: Numbers) -> Numbers:
    """The second derivatives of the loss of some posts: float64 [d, d] with d = 10 + 2 width."""
    count, width = rows.inputs.shape
    slopes = point[BINS:].reshape(width, 2)
    shares = softmax(point[:BINS] + (rows.inputs @ slopes) @ STATISTICS)
    weighted = rows.weights * shares
    # The covariance of bins and statistics under each post's own probabilities, by their weights.
    basis = np.concatenate([np.eye(BINS), STATISTICS])
    means = shares @ basis.T
    found = np.zeros((BINS + 2 * width, BINS + 2 * width))
    pairs = [(a, b) for a in range(BINS + 2) for b in range(a, BINS + 2)]
    ones = np.ones((count, 1))
    for a, b in pairs:
        weights = weighted @ (basis[a] * basis[b]) - rows.weights[:, 0] * means[:, a] * means[:, b]
        left = ones if a < BINS else rows.inputs
        right = ones if b < BINS else rows.inputs
        block = (left * weights[:, None]).T @ right
        of_a, of_b = _places(a, width), _places(b, width)
        found[np.ix_(of_a, of_b)] = block
        found[np.ix_(of_b, of_a)] = block.T
    return found


def fit_by_sums(
    width: int,
    *,
    penalty: float,
    sums: Callable[[Numbers], Sequence[Sums]],
    curvature: Callable[[Numbers], Numbers],
    told: Callable[[int, float], None] | None = None,
) -> Numbers:
    """The most probable weights, by Newton's method.

    The gradient is exact, that of all posts; the curvature may be that of some of them, scaled up,
    which only makes the steps a little less good. The loss is convex with one minimum, where the
    gradient vanishes: that is where it ends, wherever the steps led along.

    Args:
        width: of the inputs.
        penalty: precision of the prior of the slopes.
        sums: of each piece at a point, in the order of the pieces.
        curvature: of all posts at a point, about: float64 [d, d].
        told: called after each step with its number and the loss of all posts.

    Returns:
        float64 [10 + 2 width], biases first.
    """
    prior = np.concatenate([np.zeros(BINS), np.full(2 * width, penalty)])

    def at(point: Numbers) -> Sums:
        total = Sums(0.0, np.zeros(len(point)))
        for piece in sums(point):
            total += piece
        value = total.loss + float((prior * point**2).sum()) / 2
        return Sums(value, total.gradient + prior * point)

    point = np.zeros(BINS + 2 * width)
    here = at(point)
    for number in range(1, _MAX_STEPS + 1):
        bent = curvature(point) + np.diag(prior)
        # Biases may all move together without changing a probability.
        bent[:BINS, :BINS] += np.trace(bent[:BINS, :BINS]) / BINS**2
        step = np.linalg.solve(bent, here.gradient)
        if np.abs(step).max() < _STEP:
            break
        scale, there = 1.0, at(point - step)
        while there.loss > here.loss + 1e-12 * abs(here.loss) and scale > 1e-3:
            scale /= 2
            there = at(point - scale * step)
        point, here = point - scale * step, there
        if told:
            told(number, here.loss)
    return point


def _places(statistic: int, width: int) -> NDArray[np.intp]:
    """Where the weights of a bias (0 to 9) or of a statistic (10, 11) are in a point."""
    if statistic < BINS:
        return np.array([statistic])
    return BINS + 2 * np.arange(width) + (statistic - BINS)


def _hidden(groups: Mapping[str, Floats], blank: Mapping[str, Floats]) -> dict[str, Floats]:
    """Encoded groups with some columns set to those of a missing source."""
    return dict(groups) | {
        group: np.where(np.isnan(columns), groups[group], columns).astype(np.float32)
        for group, columns in blank.items()
    }


def _joined(groups: Mapping[str, Floats]) -> Numbers:
    return np.concatenate([groups[group] for group in GROUPS], axis=1).astype(np.float64)
