"""The guarantee: whatever is posted and whenever labels come, little is lost to the base rate."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.distribution import BINS, UNIFORM, interval_target
from models.experts import (
    BUDGET,
    ENOUGH_TAUGHT,
    EXPERTS,
    FIRST_WEIGHTS,
    KEPT_GAIN,
    LATE_BUDGET,
    MOST_WAITING,
    SHARE,
    UNSURE,
    Account,
    Mixture,
    budget,
    learn,
    mix,
    raised,
    taught_weights,
    weighted,
)
from models.metrics import log_losses

#: Rounding of a sum of some hundred numbers.
DUST = 1e-9

LOGITS = st.lists(st.floats(-30, 30), min_size=BINS, max_size=BINS)


def softmax(logits: list[float]) -> list[float]:
    powers = np.exp(np.asarray(logits) - max(logits))
    shares: list[float] = (powers / powers.sum()).tolist()
    return shares


DISTRIBUTIONS = LOGITS.map(softmax)
#: A post with what the head says of it with and without title and author, and what follows:
#: how many labels come then (an index among those that wait, and how the label is chosen), and
#: how many posts are withdrawn.
STEPS = st.lists(
    st.tuples(
        DISTRIBUTIONS,
        DISTRIBUTIONS,
        st.lists(
            st.tuples(st.integers(0, 10_000), st.integers(-1, BINS - 1), st.booleans()), max_size=4
        ),
    ),
    max_size=40,
)


@dataclass
class Community:
    """A community whose labels come late, in any order, or never."""

    account: Account = field(default_factory=Account)
    waiting: list[Mixture] = field(default_factory=list)
    lost: list[float] = field(default_factory=list)
    most_waiting: int = 0

    def post(self, head: list[float], untitled: list[float]) -> Mixture:
        experts = np.array([UNIFORM, head, untitled])
        self.most_waiting = max(self.most_waiting, len(self.waiting))
        reserved = sum(each.risk for each in self.waiting)
        made = mix(self.account, experts, reserved=reserved, waiting=len(self.waiting))
        self.waiting.append(made)
        return made

    def label(self, which: int, target: np.ndarray) -> None:
        made = self.waiting.pop(which % len(self.waiting))
        rows = np.vstack([made.experts, made.bins, UNIFORM])
        *losses, shown, base = log_losses(rows, np.tile(target, (len(rows), 1))).tolist()
        assert shown - base <= made.risk + DUST
        self.lost.append(shown - base)
        self.account = learn(self.account, losses, shown=shown, base=base, waiting=made.waiting)


#: Weights that a community begins with: the first ones, or any that older labels taught.
BEGINNINGS = st.just(FIRST_WEIGHTS) | st.lists(
    st.floats(1e-6, 1), min_size=len(EXPERTS), max_size=len(EXPERTS)
)


@given(STEPS, BEGINNINGS)
@settings(max_examples=150, deadline=None)
def test_no_community_ever_loses_more_than_the_budget(
    steps: list, beginning: Sequence[float]
) -> None:
    log_weights = np.log(np.asarray(beginning) / sum(beginning))
    community = Community(Account(tuple(log_weights.tolist())))
    for head, untitled, events in steps:
        community.post(head, untitled)
        for which, bin_, withdrawn in events:
            if not community.waiting:
                break
            if withdrawn:
                community.waiting.pop(which % len(community.waiting))
                continue
            # −1: the adversary has seen the forecast, and picks what it holds least likely.
            made = community.waiting[which % len(community.waiting)]
            worst = int(np.argmin(made.bins)) if bin_ < 0 else bin_
            community.label(which, interval_target(worst / BINS, (worst + 1) / BINS))
        reserved = sum(each.risk for each in community.waiting)
        allowed = budget(community.most_waiting)
        assert community.account.regret + reserved <= allowed + DUST
        assert sum(community.lost) <= allowed + DUST
        assert sum(community.lost) <= community.account.regret + DUST


@given(STEPS, st.integers(0, 60))
@settings(max_examples=60, deadline=None)
def test_a_change_of_taste_costs_no_more_than_the_gains_that_are_kept(
    steps: list, turn: int
) -> None:
    community = Community()
    # A head that knows the place, for a while.
    for number in range(turn):
        right = number % BINS
        community.post(softmax([9.0 * (each == right) for each in range(BINS)]), [0.1] * BINS)
        community.label(0, interval_target(right / BINS, (right + 1) / BINS))
    assert sum(community.lost) <= 0 + DUST or turn == 0
    before = len(community.lost)
    for head, untitled, events in steps:
        community.post(head, untitled)
        for which, *_ in events:
            if community.waiting:
                made = community.waiting[which % len(community.waiting)]
                worst = int(np.argmin(made.bins))
                community.label(which, interval_target(worst / BINS, (worst + 1) / BINS))
        most = community.account.waiting
        assert sum(community.lost[before:]) <= (
            budget(community.most_waiting) + KEPT_GAIN * (1 + most) + DUST
        )


@given(st.lists(DISTRIBUTIONS, min_size=2, max_size=2), st.floats(0, 3), st.integers(0, 300))
@settings(max_examples=100, deadline=None)
def test_what_is_shown_risks_no_more_than_its_part(
    said: list[list[float]], reserved: float, waiting: int
) -> None:
    account = Account()
    made = mix(account, np.array([UNIFORM, *said]), reserved=reserved, waiting=waiting)
    assert made.bins.sum() == pytest.approx(1)
    assert (made.bins > 0).all()
    assert 0 <= made.share <= 1
    assert made.risk <= account.room(reserved, waiting) / 3 + DUST
    assert made.risk == pytest.approx(max(math.log(0.1 / made.bins.min()), 0), abs=1e-12)
    assert made.known == pytest.approx(made.share * 0.1)


@given(
    st.lists(st.floats(1e-9, 1), min_size=BINS, max_size=BINS),
    st.floats(1e-6, 0.1),
    st.lists(st.floats(0, 1), min_size=BINS, max_size=BINS),
)
@settings(max_examples=100, deadline=None)
def test_of_all_that_risk_no_more_the_raised_one_expects_the_least_loss(
    powers: list[float], least: float, others: list[float]
) -> None:
    mean = np.array(powers) / sum(powers)
    shown = raised(mean, least)
    assert shown.sum() == pytest.approx(1)
    assert shown.min() >= min(least, mean.min()) - DUST
    assert np.abs(shown - UNIFORM).sum() <= np.abs(mean - UNIFORM).sum() + DUST
    # Any other one with no bin below the least.
    rest = np.array(others) + 1e-9
    other = least + (1 - BINS * least) * rest / rest.sum()
    assert mean @ np.log(shown) >= mean @ np.log(other) - 1e-7
    # What needs no raising stays what it is.
    assert raised(mean, float(mean.min())).tolist() == mean.tolist()


def test_the_budget_grows_with_what_waits_and_has_an_end() -> None:
    assert budget(0) == BUDGET
    assert budget(MOST_WAITING) == budget(10**6) == BUDGET + LATE_BUDGET
    assert budget(1) - budget(0) == pytest.approx(LATE_BUDGET / MOST_WAITING)


def test_a_new_community_is_shown_nearly_the_base_rate() -> None:
    sure = softmax([20.0] + [0.0] * 9)
    made = mix(Account(), np.array([UNIFORM, sure, sure]), reserved=0, waiting=0)
    assert made.share == 1
    assert made.bins.max() < 0.2
    assert made.risk < 0.11


def test_nothing_but_the_base_rate_is_shown_when_the_budget_is_spent() -> None:
    sure = softmax([20.0] + [0.0] * 9)
    made = mix(Account(), np.array([UNIFORM, sure, sure]), reserved=budget(9), waiting=9)
    assert made.bins.tolist() == UNIFORM.tolist()
    assert made.risk == 0


def test_an_expert_that_does_well_is_shown() -> None:
    community = Community()
    for number in range(60):
        right = (number * 7) % BINS
        said = softmax([3.0 * (each == right) for each in range(BINS)])
        community.post(said, [0.1] * BINS)
        community.label(0, interval_target(right / BINS, (right + 1) / BINS))
    assert community.account.weights[1] > 0.98
    made = community.post(softmax([3.0] + [0.0] * 9), [0.1] * BINS)
    assert made.share == 1
    assert made.bins[0] > 0.6


def test_a_share_of_the_weights_goes_back() -> None:
    account = learn(Account(), [900, 0.1, 900], shown=1, base=2, waiting=0)
    assert account.weights == pytest.approx(
        [SHARE * FIRST_WEIGHTS[0], 1 - SHARE + SHARE * FIRST_WEIGHTS[1], SHARE * FIRST_WEIGHTS[2]]
    )


def test_with_labels_at_once_the_weights_alone_keep_the_bound_of_bayes() -> None:
    """The weighted mean, never pulled back: −ln w₀ and a little for each label's share."""
    account, lost = Account(), 0.0
    generator = np.random.default_rng(3)
    for number in range(300):
        experts = np.vstack([UNIFORM, generator.dirichlet(np.full(BINS, 0.3), 2)])
        mean = weighted(account, experts)
        worst = int(np.argmin(mean))
        target = interval_target(worst / BINS, (worst + 1) / BINS)
        rows = np.vstack([experts, mean])
        *losses, shown = log_losses(rows, np.tile(target, (len(rows), 1))).tolist()
        lost += shown - losses[0]
        account = learn(account, losses, shown=shown, base=losses[0], waiting=0)
        bound = -math.log(FIRST_WEIGHTS[0]) - number * math.log(1 - SHARE * (1 - FIRST_WEIGHTS[0]))
        assert lost <= bound + DUST


def test_gains_are_kept_up_to_what_waited_beside_them() -> None:
    losses = [2.3, 0.0, 0.0]
    one = learn(Account(), losses, shown=-90.0, base=0.0, waiting=0)
    assert one.regret == -KEPT_GAIN
    several = learn(one, losses, shown=-900.0, base=0.0, waiting=10**6)
    assert several.regret == -KEPT_GAIN * (1 + MOST_WAITING)


def test_labels_from_before_teach_the_weights_a_community_begins_with() -> None:
    base = math.log(10)
    good = np.tile([base, base - 0.2, base], (200, 1))
    taught = taught_weights(good)
    assert taught is not None
    weights = np.exp(taught)
    assert weights.sum() == pytest.approx(1)
    assert weights[1] > 0.8
    # It is never sure that they say the same of the head that serves.
    assert weights[0] >= UNSURE * FIRST_WEIGHTS[0]
    bad = np.tile([base, base + 0.2, base + 0.2], (200, 1))
    worse = taught_weights(bad)
    assert worse is not None
    assert np.exp(worse[0]) > FIRST_WEIGHTS[0]
    assert taught_weights(good[: ENOUGH_TAUGHT - 1]) is None


def test_the_experts_have_first_weights() -> None:
    assert len(FIRST_WEIGHTS) == len(EXPERTS)
    assert sum(FIRST_WEIGHTS) == pytest.approx(1)
