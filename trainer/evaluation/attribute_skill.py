"""Do genre, faces, look and text tell anything that a head does not know by itself?

The head's forecasts are of posts that it had not seen. A ridge regression of the percentile is
fitted on these forecasts, and again with the attributes beside them; posts with one picture are in
one fold. What the attributes add is the difference of the squared errors, as a share of the
error of always saying the mean. That the regression may correct the forecasts themselves is in
both, so that this counts for no attribute.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from trainer.data.attribute_columns import KINDS, columns_of

#: Fewer posts whose attributes were read tell nothing.
LEAST: Final = 200
_FOLDS: Final = 5
_RESAMPLES: Final = 1000
#: Of standardised columns, for each post: with few posts little is believed of a column.
_PENALTY: Final = 0.03
#: More posts take long, and tell no more.
_MOST: Final = 20_000
ALL: Final = "all of these"

_Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Added:
    """What a kind of attribute adds to the skill of a head.

    Attributes:
        kind: of `trainer.data.attribute_columns.KINDS`, or `ALL`.
        n: posts, all of which have it.
        skill: of the head alone on these, share of the squared error that it saves.
        adds: to that.
        low: end of the 95% interval of ``adds`` (paired bootstrap over groups).
        high: the other end.
    """

    kind: str
    n: int
    skill: float
    adds: float
    low: float
    high: float

    @property
    def verdict(self) -> str:
        """In words, for a table."""
        if self.low > 0:
            return "adds skill"
        return "costs skill" if self.high < 0 else "nothing that can be told"


def added_skill(
    forecast: _Array,
    percentile: _Array,
    attributes: NDArray[np.floating],
    group: NDArray[np.int64],
    *,
    seed: int,
) -> list[Added]:
    """What each kind of attribute adds, and all that were read together; empty for few posts.

    Args:
        forecast: mean percentile by heads that did not see the post, float64[n].
        percentile: what happened, float64[n].
        attributes: columns of `trainer.data.attribute_columns`, [n, WIDTH]; NaN: not read.
        group: equal for near-duplicates, int64[n].
        seed: of folds and resamples.
    """
    if len(attributes) != len(forecast) or not attributes.size:
        return []
    newest = slice(max(0, len(forecast) - _MOST), None)
    forecast, percentile, group = forecast[newest], percentile[newest], group[newest]
    read_off = attributes[newest].astype(np.float64)
    found, read = [], []
    for kind in KINDS:
        columns = read_off[:, columns_of(kind)]
        rows = np.flatnonzero(np.isfinite(columns).all(axis=1))
        if len(rows) < LEAST:
            continue
        read.append(kind)
        found.append(_added(kind, forecast, percentile, columns, group, rows, seed))
    if len(read) > 1:
        columns = np.column_stack([read_off[:, columns_of(kind)] for kind in read])
        rows = np.flatnonzero(np.isfinite(columns).all(axis=1))
        if len(rows) >= LEAST:
            found.append(_added(ALL, forecast, percentile, columns, group, rows, seed))
    return found


def to_json(found: Sequence[Added]) -> list[dict[str, Any]]:
    """As it is kept beside the gate's evidence."""
    return [
        {name: round(value, 5) if isinstance(value, float) else value for name, value in each}
        for each in (asdict(one).items() for one in found)
    ]


def _added(
    kind: str, forecast: _Array, percentile: _Array, columns: _Array, group: NDArray[np.int64],
    rows: NDArray[np.intp], seed: int,
) -> Added:  # fmt: skip
    truth, own = percentile[rows], group[rows]
    alone = forecast[rows][:, np.newaxis]
    folds = _folds(own, seed)
    without = (_told(alone, truth, folds) - truth) ** 2
    with_it = (_told(np.column_stack([alone, columns[rows]]), truth, folds) - truth) ** 2
    mean = (truth - truth.mean()) ** 2
    total = max(float(mean.sum()), 1e-12)
    low, high = _interval(without - with_it, mean, own, seed)
    return Added(
        kind, len(rows), 1 - float(without.sum()) / total,
        float((without - with_it).sum()) / total, low, high,
    )  # fmt: skip


def _folds(group: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    names, place = np.unique(group, return_inverse=True)
    fold_of = np.random.default_rng(seed).permutation(len(names)) % _FOLDS
    found: NDArray[np.int64] = fold_of[place]
    return found


def _told(columns: _Array, truth: _Array, folds: NDArray[np.int64]) -> _Array:
    """What a ridge regression says of each post that was fitted without its fold.

    The first column, the forecast, is not penalised.
    """
    told = np.zeros(len(truth))
    for fold in np.unique(folds):
        fit, judged = folds != fold, folds == fold
        mean, spread = columns[fit].mean(axis=0), columns[fit].std(axis=0)
        # A column that never varied is no evidence.
        scale = np.where(spread > 1e-9, 1 / np.maximum(spread, 1e-9), 0.0)
        x = (columns - mean) * scale
        penalty = np.full(columns.shape[1], _PENALTY * fit.sum())
        penalty[0] = 1e-6
        weights = np.linalg.solve(
            x[fit].T @ x[fit] + np.diag(penalty), x[fit].T @ (truth[fit] - truth[fit].mean())
        )
        told[judged] = truth[fit].mean() + x[judged] @ weights
    return told


def _interval(
    gain: _Array, mean: _Array, group: NDArray[np.int64], seed: int
) -> tuple[float, float]:
    names, place = np.unique(group, return_inverse=True)
    by_group = np.stack([np.bincount(place, gain), np.bincount(place, mean)], axis=1)
    random = np.random.default_rng(seed)
    shares = []
    for _ in range(_RESAMPLES):
        drawn = by_group[random.integers(len(names), size=len(names))].sum(axis=0)
        shares.append(drawn[0] / max(drawn[1], 1e-12))
    low, high = np.quantile(shares, (0.025, 0.975))
    return float(low), float(high)
