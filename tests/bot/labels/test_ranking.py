"""Ranks: ties, first scores that are ranked together, and what one bucket always earns."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.labels.ranking import Seen, rank_next, rank_together
from bot.league.scoring import points
from models.percentiles import BucketRule
from storage.types import Bucket

THIRDS = BucketRule()
SCORES = st.lists(st.integers(-2, 6).map(float), min_size=2, max_size=30)


def played(scores: Sequence[float], rule: BucketRule = THIRDS) -> list[Seen]:
    """Labels one after another, the newest first."""
    seen: list[Seen] = []
    for score in scores:
        seen.insert(0, Seen(score, rank_next(score, seen, rule).bucket))
    return seen


def test_first_scores_are_ranked_each_among_all_others() -> None:
    ranks = rank_together([5, 0, 2, 0], [], THIRDS)
    assert [(rank.low, rank.high) for rank in ranks] == [
        (0.75, 1), (0, 0.5), (0.5, 0.75), (0, 0.5),
    ]  # fmt: skip
    assert [rank.bucket for rank in ranks] == [
        Bucket.HIGH, Bucket.LOW, Bucket.MEDIUM, Bucket.LOW,
    ]  # fmt: skip
    assert {rank.rates for rank in ranks} == {(0.5, 0.25, 0.25)}


@given(SCORES, st.sampled_from([THIRDS, BucketRule(1, 3)]))
def test_one_bucket_on_all_first_scores_earns_nothing(
    scores: list[float], rule: BucketRule
) -> None:
    ranks = rank_together(scores, [], rule)
    for guess in Bucket:
        earned = sum(points(guess, rank.bucket, rank.rates) for rank in ranks)
        all_alike = {rank.bucket for rank in ranks} == {guess}
        # Where all are in one bucket, which fixed borders allow, a share of 1 would be no bet.
        assert earned <= (1 if all_alike else 0) + 1e-9


@given(SCORES)
def test_first_scores_that_tie_stand_together(scores: list[float]) -> None:
    buckets: dict[float, set[Bucket]] = {}
    for score, rank in zip(scores, rank_together(scores, [], THIRDS), strict=True):
        buckets.setdefault(score, set()).add(rank.bucket)
    assert all(len(each) == 1 for each in buckets.values())


@given(SCORES)
def test_a_higher_score_is_never_in_a_lower_bucket(scores: list[float]) -> None:
    seen = played(scores)
    order = list(Bucket)
    now = [
        (score, order.index(rank_next(score, seen, THIRDS).bucket)) for score in sorted({*scores})
    ]
    assert [bucket for _, bucket in now] == sorted(bucket for _, bucket in now)


def test_a_score_keeps_its_bucket_while_its_tie_reaches_into_it() -> None:
    before = [Seen(1.0, Bucket.HIGH), *(Seen(0.0, Bucket.LOW) for _ in range(2))]
    # Its middle is 5/8, a little below the last third: another 1 was high, and so is this one.
    assert rank_next(1.0, [*before, Seen(9.0, Bucket.HIGH)], THIRDS).bucket is Bucket.HIGH
    # Where others came to lie above it, it is not high any more.
    above = [Seen(9.0, Bucket.HIGH)] * 6
    assert rank_next(1.0, [*before, *above], THIRDS).bucket is not Bucket.HIGH


def test_fixed_borders_decide_alone() -> None:
    rule = BucketRule(10, 20)
    assert rank_next(15.0, [Seen(15.0, Bucket.HIGH)], rule).bucket is Bucket.MEDIUM
    assert [rank.bucket for rank in rank_together([10, 11, 21], [], rule)] == list(Bucket)


def test_the_first_of_all_covers_everything() -> None:
    rank = rank_next(3.0, [], THIRDS)
    assert (rank.low, rank.high, rank.rates) == (0, 1, pytest.approx((1 / 3,) * 3))
