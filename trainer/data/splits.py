"""Splits by time in which near-duplicate images never straddle a border."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.intp]

#: Shares of the posts, oldest first: fitted on, early stopping, calibration, judged by the gate.
SHARES = (0.6, 0.1, 0.1, 0.2)


@dataclass(frozen=True, slots=True)
class TimeSplit:
    """Rows of each part, oldest part first; ``straddling`` were dropped from the later parts."""

    fit: Rows
    stop: Rows
    calibrate: Rows
    judge: Rows
    straddling: Rows


@dataclass(frozen=True, slots=True)
class Parts:
    """Rows of one comparison: fitted on, stopped by, calibrated on, judged on."""

    fit: Rows
    stop: Rows
    calibrate: Rows
    judge: Rows


def time_split(
    posted_at: NDArray[np.float64],
    groups: NDArray[np.int64],
    *,
    shares: Sequence[float] = SHARES,
    judge_from: float | None = None,
) -> TimeSplit:
    """Cut the posts at three moments; equal moments stay on one side.

    A post whose near-duplicate lies in an earlier part is dropped from its own: keeping it would
    let the head recognise the image, and moving it back would let it see the future.

    Args:
        posted_at: seconds, float64 [n].
        groups: int64 [n], equal for near-duplicates.
        shares: of fit, stop, calibrate and judge; their sum is 1.
        judge_from: if given, only posts later than this moment are judged (the champion's
            cut-off), however many that leaves.
    """
    order = np.argsort(posted_at, kind="stable")
    times = posted_at[order]
    n = len(order)
    cuts = []
    for share in np.cumsum(shares)[:-1]:
        at = min(round(share * n), n - 1)
        # Posts of the same moment go to the earlier part.
        cuts.append(int(np.searchsorted(times, times[at - 1], side="right")) if at > 0 else 0)
    if judge_from is not None:
        cuts[2] = max(cuts[2], int(np.searchsorted(times, judge_from, side="right")))
    parts = np.split(order, cuts)
    seen: set[int] = set()
    kept: list[Rows] = []
    dropped: list[Rows] = []
    for part in parts:
        straddles = np.isin(groups[part], np.fromiter(seen, np.int64, len(seen)))
        kept.append(part[~straddles])
        dropped.append(part[straddles])
        seen.update(groups[part].tolist())
    return TimeSplit(kept[0], kept[1], kept[2], kept[3], np.concatenate(dropped))


def grouped_folds(
    groups: NDArray[np.int64], folds: int, rng: np.random.Generator
) -> Iterator[tuple[Rows, Rows]]:
    """Yield (training rows, test rows) of each fold, no group on both sides.

    As scikit-learn's `GroupKFold` with shuffling, but drawn from the caller's generator, so that
    published figures can be made again."""
    unique, inverse = np.unique(groups, return_inverse=True)
    assigned = rng.permutation(np.arange(len(unique)) % folds)[inverse]
    for fold in range(folds):
        yield np.flatnonzero(assigned != fold), np.flatnonzero(assigned == fold)
