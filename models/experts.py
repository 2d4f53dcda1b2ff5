"""What a community is shown: a mixture of experts that can lose little to the base rate.

An expert gives a distribution over the ten bins of the percentile. Each community weighs them by
how well they did there (Bayes' rule on the log loss, with a fixed share that goes back to the
first weights: Herbster and Warmuth, 1998). What is shown is the weighted mean, its least probable
bins raised as far as an account of nats asks for it. docs/model.md states and proves what
follows: over its whole life no community loses more nats to its own base rate than `budget` says,
whatever is posted and however late labels come.

A server may have one expert more: a head fitted on its labels alone (`OWN`). It has a weight beside
the mixture of the others, and not within it, so that it can come and go: while it says nothing its
weight stays, and the others' weights are the same whether it is there or not (a *specialist*:
Freund, Schapire, Singer and Warmuth, 1997).

Pure functions; what they work on is stored by `storage.queries.experts`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from models.distribution import UNIFORM, Floats
from models.features import Hidable
from models.metrics import log_losses

#: The experts, in the order in which everything about them is stored: equal chances for all bins;
#: the champion's head; the same head when it sees neither author nor title.
EXPERTS = ("base", "pooled", "untitled")
#: The expert that some servers have besides, after the others: a head fitted on their labels alone.
OWN = "own"

#: What the expert "untitled" does not see.
UNTITLED: tuple[Hidable, ...] = ("title", "author")

#: Weights of the experts in a community without labels.
FIRST_WEIGHTS = (0.9, 0.05, 0.05)
#: Weight of `OWN` beside the mixture of the others, before any label that it had a say in.
FIRST_OWN = 0.1
#: Share of the weights that goes back to the first ones with every label, so that a change of
#: taste is followed.
SHARE = 0.005

#: No community ever loses more than this to its base rate, nats summed over its labels …
BUDGET = 2.0
#: … and so much more where many predictions wait for their labels (`budget`).
LATE_BUDGET = 3.0
#: One prediction may risk this part of what is left of the budget.
RISK = 1 / 3
#: Gains over the base rate make room for later losses: up to so many nats for each prediction
#: that waited beside another, and for itself.
KEPT_GAIN = 4.0
#: More predictions that wait than this make no more room.
MOST_WAITING = 100

#: Of the weights that labels taught which came before any forecast (`taught_weights`) so much is
#: that of the first ones: they speak of heads that are fitted like the one that serves.
UNSURE = 0.1
#: Under this name a version's figures keep them, by the community's number.
TAUGHT = "taught_weights"
#: And under this one those of the champion that it was judged against.
TAUGHT_CHAMPION = "taught_weights_of_champion"
#: With fewer such labels nothing is taught.
ENOUGH_TAUGHT = 30


@dataclass(frozen=True, slots=True)
class Account:
    """What a community's labels so far say of the experts.

    Attributes:
        log_weights: of each expert (`EXPERTS`), natural logarithms; the weights sum to 1.
        regret: nats that were lost to the base rate; below 0: gained, as far as gains are kept.
        waiting: the most predictions that waited beside one that was scored.
        labels: predictions that were scored.
        own: weight of `OWN` where it has a say, 0 to 1; the others share what is left.
    """

    log_weights: tuple[float, ...] = tuple(math.log(weight) for weight in FIRST_WEIGHTS)
    regret: float = 0.0
    waiting: int = 0
    labels: int = 0
    own: float = FIRST_OWN

    @property
    def weights(self) -> Floats:
        """The weight of each of `EXPERTS` among them, float64 [experts], sum 1."""
        powers = np.exp(np.asarray(self.log_weights))
        weights: Floats = powers / powers.sum()
        return weights

    def weights_of(self, count: int) -> Floats:
        """The weight of each of ``count`` experts that say something, float64 [count], sum 1.

        Args:
            count: all of `EXPERTS`, or those and `OWN` (`named`).
        """
        if count == len(EXPERTS):
            return self.weights
        weights: Floats = np.append((1.0 - self.own) * self.weights, self.own)
        return weights

    def room(self, reserved: float, waiting: int) -> float:
        """Nats that may still be risked, at least 0.

        Args:
            reserved: the sum of what the predictions that wait for a label risk.
            waiting: how many wait.
        """
        return max(budget(max(waiting, self.waiting)) - self.regret - reserved, 0.0)


@dataclass(frozen=True, slots=True)
class Mixture:
    """What is shown, and what it was made from.

    Attributes:
        bins: the distribution that is shown, float64 [10].
        experts: what each expert said, float64 [experts, 10]; with `OWN` one row more.
        weights: of the experts, float64 [experts].
        share: how far what is shown is from equal chances, as a part of how far their weighted
            mean is (in total variation), 0 to 1.
        risk: the most that it can lose to the base rate, nats, whatever the label is.
        waiting: predictions that waited for their labels when it was made.
    """

    bins: Floats
    experts: Floats
    weights: Floats
    share: float
    risk: float
    waiting: int

    @property
    def known(self) -> float:
        """How much of what is shown is more than the base rate, 0 to 1."""
        return self.share * (1.0 - float(self.weights[0]))


def budget(waiting: int) -> float:
    """The most nats that a community may ever lose, where so many predictions waited at once.

    From `BUDGET` with labels at once, evenly, to `LATE_BUDGET` more with `MOST_WAITING`: what is
    left is shared by those that wait, and with too little for each nothing could be shown.
    """
    return BUDGET + LATE_BUDGET * min(waiting, MOST_WAITING) / MOST_WAITING


def named(count: int) -> tuple[str, ...]:
    """The names of ``count`` experts in the order in which they are stored."""
    return EXPERTS if count == len(EXPERTS) else (*EXPERTS, OWN)


def first_weights(count: int) -> Floats:
    """The weights of ``count`` experts in a community without labels, float64 [count]."""
    return Account().weights_of(count)


def weighted(account: Account, experts: Floats) -> Floats:
    """The weighted mean of the experts: float64 [..., experts, 10] to [..., 10]."""
    mean: Floats = np.einsum("e,...ek->...k", account.weights_of(experts.shape[-2]), experts)
    return mean


def mix(account: Account, experts: Floats, *, reserved: float, waiting: int) -> Mixture:
    """The forecast that a community is shown.

    Args:
        account: the community's.
        experts: distributions of the experts, float64 [experts, 10], rows in order of `named`.
        reserved: nats at risk in the predictions that wait.
        waiting: how many wait.
    """
    mean = weighted(account, experts)
    allowed = RISK * account.room(reserved, waiting)
    # The least probable bin is where the most can be lost: ln(0.1 / shown).
    bins = raised(mean, float(UNIFORM[0]) * math.exp(-allowed))
    risk = max(math.log(UNIFORM[0] / float(bins.min())), 0.0)
    far = float(np.abs(mean - UNIFORM).sum())
    share = min(float(np.abs(bins - UNIFORM).sum()) / far, 1.0) if far > 0 else 1.0
    return Mixture(bins, experts, account.weights_of(len(experts)), share, risk, waiting)


def raised(mean: Floats, least: float) -> Floats:
    """A distribution with no bin below ``least``, as near as can be to another.

    Of all such distributions it expects the smallest log loss where ``mean`` is right: the bins
    that would be below are raised to ``least``, and the others keep their proportions.

    Args:
        mean: float64 [10], sum 1.
        least: at most a tenth.
    """
    if float(mean.min()) >= least:
        return mean
    ascending = sorted(mean.tolist())
    sums = [*accumulate(reversed(ascending))]
    # With the k lowest raised, what is left for the others, and what theirs sums to.
    for k, (lowest, theirs) in enumerate(zip(ascending, reversed(sums), strict=True)):
        left = 1.0 - least * k
        if lowest * left >= least * theirs:
            bins: Floats = np.maximum(mean * (left / theirs), least)
            return bins
    return UNIFORM


def learn(
    account: Account,
    losses: Sequence[float],
    *,
    shown: float,
    base: float,
    waiting: int,
    beside: tuple[float, float] | None = None,
) -> Account:
    """The account after a label.

    Args:
        account: before it.
        losses: log loss of each of `EXPERTS` on it, nats.
        shown: log loss of what was shown.
        base: log loss of equal chances.
        waiting: predictions that waited when this one was made.
        beside: of `OWN` and of the others (`own_beside_others`); None: it had no say.
    """
    most = max(account.waiting, min(waiting, MOST_WAITING))
    return Account(
        log_weights=_reweighed(account.log_weights, losses),
        regret=max(account.regret + shown - base, -KEPT_GAIN * (1 + most)),
        waiting=most,
        labels=account.labels + 1,
        own=account.own if beside is None else _own_reweighed(account.own, *beside),
    )


def own_beside_others(
    account: Account, experts: Floats, target: Floats
) -> tuple[float, float] | None:
    """Log losses of `OWN` and of the others' weighted mean on a label; None: it had no say.

    The mean counts as one expert. A label that ties covers several bins: there it may lose much
    less than any of them, and weighing `OWN` by their losses would prefer it to what is better.

    Args:
        account: before the label.
        experts: what each expert said, float64 [experts, 10], rows in order of `named`.
        target: the bins that the label covers, float64 [10], sum 1.
    """
    if len(experts) == len(EXPERTS):
        return None
    both = np.stack([experts[-1], weighted(account, experts[:-1])])
    own, others = log_losses(both, np.broadcast_to(target, both.shape)).tolist()
    return own, others


def taught_weights(losses: Floats) -> tuple[float, ...] | None:
    """Logarithms of the weights that a community begins with, from labels it had before.

    Imported posts were never forecast here, and so can move no account. What they say of the
    experts is what heads say of them that were not fitted on them.

    Args:
        losses: log loss of each expert on each label, float64 [labels, experts], in the order in
            which the posts appeared.

    Returns:
        Of each expert; None where the labels are too few.
    """
    if len(losses) < ENOUGH_TAUGHT:
        return None
    log_weights = Account().log_weights
    for row in losses:
        log_weights = _reweighed(log_weights, row.tolist())
    weights = (1.0 - UNSURE) * np.exp(log_weights) + UNSURE * np.asarray(FIRST_WEIGHTS)
    return tuple(float(each) for each in np.log(weights))


def _reweighed(log_weights: Sequence[float], losses: Sequence[float]) -> tuple[float, ...]:
    """The weights after a label: Bayes' rule, and the fixed share."""
    scored = np.asarray(log_weights) - np.asarray(losses, np.float64)
    powers = np.exp(scored - scored.max())
    weights = (1.0 - SHARE) * powers / powers.sum() + SHARE * np.asarray(FIRST_WEIGHTS)
    return tuple(float(each) for each in np.log(weights))


def _own_reweighed(weight: float, own: float, others: float) -> float:
    """The weight of `OWN` beside the others after a label: the same rule, of two."""
    least = min(own, others)
    mine, theirs = weight * math.exp(least - own), (1.0 - weight) * math.exp(least - others)
    return (1.0 - SHARE) * mine / (mine + theirs) + SHARE * FIRST_OWN
