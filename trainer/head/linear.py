"""The linear part of a head: every group adds to the expected place of a post, and to its spread.

The logit of bin k is ``b_k + u · t_k + v · (t_k² - 1)``: ``u`` moves the distribution up or down
the ordered bins, ``v`` widens or narrows it, and both are linear in the encoded groups. The most
probable such map under a normal prior is one point of a convex function, so that it needs
neither early stopping nor a seed; how far a group is trusted is how it is scaled (`Recipe`).
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from models.distribution import BINS
from models.head import GROUPS, Member
from trainer.head.linear_sums import STATISTICS, rows_of, sums_of

Floats = NDArray[np.float32]
Numbers = NDArray[np.float64]

#: Fitted on so many of the newest posts at most: more would not change so few numbers, and taste
#: changes (28,000 captions of ImgFlip, judged on the 14,000 after them: log-loss skill 0.011 by
#: all, 0.013 by the newest 14,000, 0.014 by the newest 7,000).
MAX_ROWS = 10_000

#: Where the loss falls by less than a millionth of a millionth of itself, or its steepest slope is
#: as small as rounding makes it, the minimum is reached.
_OPTIONS = {"maxiter": 300, "maxcor": 20, "ftol": 1e-12, "gtol": 1e-4}


def fit_linear(
    encoded: Mapping[str, Floats],
    targets: Numbers,
    *,
    penalty: float,
    stranger: Mapping[str, Floats] | None = None,
    share: float = 0.3,
) -> Member:
    """Fit the linear part.

    A post whose author has a record counts twice, with a part of its weight each: as it is, and as
    if a stranger had posted it. Otherwise the record of nobody would only be known from posts of
    real strangers, which do worse, and everything else from what the record leaves to explain. (By
    folds this gains 0.007 of log-loss skill where authors are hidden and costs nothing where they
    are known; half the weight gains 0.010 and costs 0.001. Copies without title or image cost rank
    correlation and gain nothing.)

    Args:
        encoded: encoded groups, each [n, width], in the order of posting.
        targets: soft bins, float64 [n, 10].
        penalty: precision of the prior: half of it times the squared weights is added to the sum
            of the log losses.
        stranger: encoded columns of a post whose author has no record, by group; NaN leaves a
            column as it is. None: no post is shown twice.
        share: weight of the second copy, 0 to 1; the first has the rest.
    """
    groups = {group: encoded[group][-MAX_ROWS:] for group in GROUPS}
    rows = rows_of(groups, targets[-MAX_ROWS:], stranger=stranger, share=share)
    width = rows.inputs.shape[1]

    def objective(point: Numbers) -> tuple[float, Numbers]:
        sums, slopes = sums_of(rows, point), point[BINS:]
        value = sums.loss + penalty / 2 * float((slopes**2).sum())
        gradient = sums.gradient
        gradient[BINS:] += penalty * slopes
        return value, gradient

    # Targets that are not finite are told by the network's loss (`fit`), in a sentence.
    with np.errstate(invalid="ignore"):
        found = minimize(
            objective, np.zeros(BINS + 2 * width), jac=True, method="L-BFGS-B", options=_OPTIONS
        )
    return member_of(found.x, {group: values.shape[1] for group, values in groups.items()})


def member_of(point: Numbers, widths: Mapping[str, int]) -> Member:
    """Weights as a head's member: a number is the difference of two rectified ones.

    Args:
        point: float64 [10 + 2 width], biases first (`trainer.head.linear_sums`).
        widths: of the encoded groups.
    """
    bias, slopes = point[:BINS], point[BINS:].reshape(-1, 2)
    hidden, start = [], 0
    for group in GROUPS:
        kernel = slopes[start : start + widths[group]]
        start += len(kernel)
        both = np.concatenate([kernel, -kernel], axis=1).astype(np.float32)
        hidden.append((both, np.zeros(both.shape[1], np.float32)))
    out = np.tile(np.concatenate([STATISTICS, -STATISTICS]), (len(GROUPS), 1))
    return Member(tuple(hidden), (out.astype(np.float32), bias.astype(np.float32)))
