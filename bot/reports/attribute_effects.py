"""How much each of many attributes goes together with the percentile, all of them at once.

A model with random effects: the percentile is the community's mean, plus one effect for each level
of each factor, plus noise. The effects of one factor are drawn from a normal distribution around 0
whose spread is learned from the posts, so that what few posts say is drawn towards 0 (James and
Stein, 1961; Gelman and others, 2012, on why shrunken effects need no other correction for many
comparisons). All factors are fitted together, so that each effect is that of posts which are alike
in everything else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

#: Fewer posts with a level, or without it, say nothing of it.
LEAST_POSTS: Final = 5
#: Spreads that the effects of a factor may have, percentile; each is as probable as the others.
_SPREADS: Final = np.array((0.003, 0.01, 0.02, 0.04, 0.08, 0.16))
#: Spreads and noise are drawn so often, after some that are thrown away, and effects so often each.
_DRAWS, _WARM_UP, _EFFECTS_EACH = 80, 15, 20
#: Levels of two factors whose correlation is at least so strong are told to go together.
_TOGETHER: Final = 0.35
#: So many pairs of them are told, at most.
_MOST_PAIRS: Final = 3


@dataclass(frozen=True, slots=True)
class Effect:
    """What one level of one factor goes together with.

    Attributes:
        factor: for example ``genre``.
        level: for example ``text_post``.
        posts: how many posts have it.
        alone: mean percentile of these less that of all others, -1 to 1.
        effect: percentile above (or below) that of the mean post which is alike in all other
            factors, shrunk, -1 to 1.
        low: lower end of its 95% interval.
        high: upper end.
        wrong_way: probability that the true effect has the other sign, 0 to 0.5.
    """

    factor: str
    level: str
    posts: int
    alone: float
    effect: float
    low: float
    high: float
    wrong_way: float

    @property
    def told(self) -> bool:
        """Whether the posts are enough to say which way it goes."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, slots=True)
class Pair:
    """Two levels that come together more, or less, often than by luck.

    Attributes:
        first: factor and level.
        second: factor and level, of another factor.
        correlation: of having them, -1 to 1.
    """

    first: tuple[str, str]
    second: tuple[str, str]
    correlation: float


@dataclass(frozen=True, slots=True)
class Effects:
    """The effects of all levels that enough posts have.

    Attributes:
        effects: in the order of the factors, each factor's strongest first.
        pairs: which levels are hard to tell apart, the strongest first.
    """

    effects: tuple[Effect, ...] = ()
    pairs: tuple[Pair, ...] = ()


def estimate_effects(
    percentiles: NDArray[np.float64], factors: Mapping[str, Sequence[str | None]], *, seed: int = 0
) -> Effects:
    """Estimate the effects of all factors at once.

    Args:
        percentiles: of the posts, float64[n], 0 to 1.
        factors: by name, the level of each post; None: it has none.
        seed: of the draws; the same posts give the same effects.
    """
    columns = _columns(factors, len(percentiles))
    if not columns:
        return Effects()
    has = np.stack([column for _, column in columns], axis=1).astype(np.float64)
    names = [name for name, _ in columns]
    counts = has.sum(axis=0)
    draws = _draw(percentiles, has, np.array([name for name, _ in names]), seed)
    alone = _alone(percentiles, has)
    low, middle, high = (
        np.quantile(draws, 0.025, axis=0),
        draws.mean(axis=0),
        np.quantile(draws, 0.975, axis=0),
    )
    wrong = np.minimum((draws > 0).mean(axis=0), (draws < 0).mean(axis=0))
    effects = [
        Effect(
            factor, level, int(counts[j]), float(alone[j]), float(middle[j]), float(low[j]),
            float(high[j]), float(wrong[j]),
        )
        for j, (factor, level) in enumerate(names)
    ]  # fmt: skip
    order = list(factors)
    effects.sort(key=lambda each: (order.index(each.factor), -abs(each.effect)))
    return Effects(tuple(effects), _pairs(names, has))


def _columns(
    factors: Mapping[str, Sequence[str | None]], count: int
) -> list[tuple[tuple[str, str], NDArray[np.bool_]]]:
    found = []
    for factor, levels in factors.items():
        there = np.array([level or "" for level in levels])
        for level in sorted(set(there) - {""}):
            has = there == level
            if LEAST_POSTS <= has.sum() <= count - LEAST_POSTS:
                found.append(((factor, str(level)), has))
    return found


def _alone(percentiles: NDArray[np.float64], has: NDArray[np.float64]) -> NDArray[np.float64]:
    with_it = percentiles @ has / has.sum(axis=0)
    without = percentiles @ (1 - has) / (1 - has).sum(axis=0)
    difference: NDArray[np.float64] = with_it - without
    return difference


def _draw(
    percentiles: NDArray[np.float64],
    has: NDArray[np.float64],
    factor: NDArray[np.str_],
    seed: int,
) -> NDArray[np.float64]:
    """Effects from their distribution given the posts: float64[draws, levels].

    Gibbs sampling: the spread of each factor with the effects integrated out, then the effects,
    then the noise.
    """
    random = np.random.default_rng(seed)
    # Centred: the mean is then integrated out.
    x = has - has.mean(axis=0)
    y = percentiles - percentiles.mean()
    squares, products, total = x.T @ x, x.T @ y, float(y @ y)
    of = {name: np.flatnonzero(factor == name) for name in np.unique(factor)}
    spread = np.full(len(factor), _SPREADS[2])
    noise = max(float(y.var()), 1e-6)
    rows = []
    for turn in range(_WARM_UP + _DRAWS):
        for members in of.values():
            spread[members] = _draw_spread(squares, products, spread, members, noise, random)
        precision = squares / noise + np.diag(spread**-2)
        root = np.linalg.cholesky(precision)
        middle = np.linalg.solve(precision, products / noise)
        steps = np.linalg.solve(root.T, random.normal(size=(len(factor), _EFFECTS_EACH)))
        effects = middle[:, np.newaxis] + steps
        first = effects[:, 0]
        left = max(total - 2 * float(first @ products) + float(first @ squares @ first), 1e-9)
        noise = left / 2 / float(random.gamma((len(y) - 1) / 2))
        if turn >= _WARM_UP:
            rows.append(effects.T)
    drawn = np.concatenate(rows)
    # An effect is told against the mean post, and not against one without any level.
    shares = has.mean(axis=0)
    for members in of.values():
        drawn[:, members] -= (drawn[:, members] @ shares[members])[:, np.newaxis]
    return drawn


def _draw_spread(
    squares: NDArray[np.float64],
    products: NDArray[np.float64],
    spread: NDArray[np.float64],
    members: NDArray[np.intp],
    noise: float,
    random: np.random.Generator,
) -> float:
    # What the other factors explain is taken out first, so that the rest is a small matter.
    others = np.setdiff1d(np.arange(len(spread)), members)
    shared = squares[np.ix_(others, members)] / noise
    theirs = squares[np.ix_(others, others)] / noise + np.diag(spread[others] ** -2)
    taken = shared.T @ np.linalg.solve(theirs, np.column_stack([shared, products[others] / noise]))
    block = squares[np.ix_(members, members)] / noise - taken[:, :-1]
    right = products[members] / noise - taken[:, -1]
    precision = block + np.eye(len(members)) * _SPREADS[:, np.newaxis, np.newaxis] ** -2
    log_size = np.linalg.slogdet(precision)[1] + 2 * np.log(_SPREADS) * len(members)
    fit = np.linalg.solve(precision, right[np.newaxis, :, np.newaxis])[..., 0] @ right
    chance = (fit - log_size) / 2
    weights = np.exp(chance - chance.max())
    return float(random.choice(_SPREADS, p=weights / weights.sum()))


def _pairs(names: list[tuple[str, str]], has: NDArray[np.float64]) -> tuple[Pair, ...]:
    correlations = np.corrcoef(has, rowvar=False).reshape(len(names), len(names))
    found = [
        Pair(first, names[j], float(correlations[i, j]))
        for i, first in enumerate(names)
        for j in range(i + 1, len(names))
        if names[j][0] != first[0] and abs(correlations[i, j]) >= _TOGETHER
    ]
    found.sort(key=lambda pair: -abs(pair.correlation))
    return tuple(found[:_MOST_PAIRS])
