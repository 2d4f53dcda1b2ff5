"""A server's own head in the mixture: it comes and goes, and what it can cost is bounded."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from models.distribution import BINS, UNIFORM, interval_target
from models.experts import (
    EXPERTS,
    FIRST_OWN,
    FIRST_WEIGHTS,
    OWN,
    SHARE,
    Account,
    Mixture,
    budget,
    first_weights,
    learn,
    mix,
    named,
    own_beside_others,
    weighted,
)
from models.metrics import log_losses
from tests.models.test_experts import DISTRIBUTIONS, DUST

#: A post: what the head says, and the server's own (None: it is not asked); which of those that
#: wait gets its label then, and the label's bin (−1: the one that was held least likely) and how
#: many bins it covers, where it ties.
POSTS = st.lists(
    st.tuples(
        DISTRIBUTIONS,
        st.none() | DISTRIBUTIONS,
        st.lists(
            st.tuples(st.integers(0, 10_000), st.integers(-1, BINS - 1), st.integers(1, BINS)),
            max_size=3,
        ),
    ),
    max_size=30,
)


def rows_of(head: Sequence[float], own: Sequence[float] | None) -> np.ndarray:
    said = [UNIFORM, head, UNIFORM]
    return np.array(said if own is None else [*said, own])


def target_of(bin_: int, covered: int = 1) -> np.ndarray:
    return interval_target(bin_ / BINS, min(bin_ + covered, BINS) / BINS)


def losses_of(rows: np.ndarray, target: np.ndarray) -> list[float]:
    losses: list[float] = log_losses(rows, np.tile(target, (len(rows), 1))).tolist()
    return losses


def low_or_next(sure_of: int) -> list[float]:
    """A head that is sure of one of the two lowest bins."""
    bins = [0.26 / 8] * BINS
    bins[1 - sure_of], bins[sure_of] = 0.04, 0.7
    return bins


@given(POSTS)
@settings(max_examples=100, deadline=None)
def test_however_it_comes_and_goes_no_community_loses_more_than_the_budget(posts: list) -> None:
    """Labels come late and in any order; the others' weights are as if it had never been there."""
    account = without = Account()
    waiting: list[Mixture] = []
    most, lost = 0, 0.0
    for head, own, labels in posts:
        most = max(most, len(waiting))
        reserved = sum(each.risk for each in waiting)
        made = mix(account, rows_of(head, own), reserved=reserved, waiting=len(waiting))
        assert made.weights.sum() == pytest.approx(1)
        assert made.bins.sum() == pytest.approx(1)
        waiting.append(made)
        for which, wanted, covered in labels:
            if not waiting:
                break
            scored = waiting.pop(which % len(waiting))
            bin_ = int(np.argmin(scored.bins)) if wanted < 0 else wanted
            target = target_of(bin_, covered)
            *losses, shown, base = losses_of(
                np.vstack([scored.experts[: len(EXPERTS)], scored.bins, UNIFORM]), target
            )
            before = account.own
            beside = own_beside_others(account, scored.experts, target)
            account = learn(
                account, losses, shown=shown, base=base, waiting=scored.waiting, beside=beside
            )
            without = learn(without, losses, shown=shown, base=base, waiting=0)
            lost += shown - base
            assert account.log_weights == without.log_weights
            assert 0 < account.own < 1
            if len(scored.experts) == len(EXPERTS):
                assert beside is None
                assert account.own == before
        assert lost + sum(each.risk for each in waiting) <= budget(most) + DUST


@given(
    st.lists(
        st.tuples(
            DISTRIBUTIONS,
            DISTRIBUTIONS,
            st.none() | DISTRIBUTIONS,
            st.integers(0, BINS - 1),
            st.integers(1, BINS),
        ),
        max_size=60,
    )
)
@example([(low_or_next(0), low_or_next(1), [0.225] * 2 + [0.06875] * 8, 0, 2)] * 30)
@settings(max_examples=100, deadline=None)
def test_with_labels_at_once_it_costs_little_and_a_good_one_is_found(labels: list) -> None:
    """To the mixture without it: −ln 0.9 and a little a label. To itself: −ln 0.1 and a little."""
    account = Account()
    mixed = others = own_alone = 0.0
    spoke = 0
    for head, untitled, own, bin_, covered in labels:
        rows, target = rows_of(head, own), target_of(bin_, covered)
        rows[2] = untitled
        beside = own_beside_others(account, rows, target)
        *losses, of_all = losses_of(
            np.vstack([rows[: len(EXPERTS)], weighted(account, rows)]), target
        )
        if beside is not None:
            spoke += 1
            mixed, own_alone, others = mixed + of_all, own_alone + beside[0], others + beside[1]
        account = learn(account, losses, shown=of_all, base=losses[0], waiting=0, beside=beside)

    def bound(first: float) -> float:
        return -math.log(first) - spoke * math.log(1 - SHARE * (1 - first))

    assert mixed - others <= bound(1 - FIRST_OWN) + DUST
    assert mixed - own_alone <= bound(FIRST_OWN) + DUST


def test_a_server_without_one_is_shown_what_it_was_before() -> None:
    account = learn(Account(), [2.3, 1.0, 2.0], shown=2.2, base=2.3, waiting=0)
    assert account.own == FIRST_OWN
    assert account.weights_of(len(EXPERTS)).tolist() == account.weights.tolist()
    assert named(3) == EXPERTS
    assert named(4) == (*EXPERTS, OWN)
    assert first_weights(3).tolist() == pytest.approx(FIRST_WEIGHTS)
    assert first_weights(4).tolist() == pytest.approx([0.81, 0.045, 0.045, 0.1])


def test_one_that_knows_the_place_is_shown() -> None:
    account = Account()
    for number in range(60):
        right = (number * 7) % BINS
        own = np.where(np.arange(BINS) == right, 0.5, 0.5 / 9).tolist()
        made = mix(account, rows_of(own[::-1], own), reserved=0, waiting=0)
        rows = np.vstack([made.experts[: len(EXPERTS)], made.bins, UNIFORM])
        *losses, shown, base = losses_of(rows, target_of(right))
        beside = own_beside_others(account, made.experts, target_of(right))
        account = learn(account, losses, shown=shown, base=base, waiting=0, beside=beside)
    assert account.own > 0.95
